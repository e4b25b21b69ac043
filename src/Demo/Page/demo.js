'use strict';

// Everything that can be focused is made once and changed in place, so that the keyboard never loses its way.
const byId = id => document.getElementById(id);
const nodes = new Map();
const lastStatus = new Map(); // by controller: what it last said, and when that was
let lastLine = 0;
let elapsed = 0;
let current = null;

const element = (name, className, text) => {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
};

const seconds = number => `${number.toFixed(1)} s`;

async function act(action, node) {
  try {
    const answer = await fetch(`/do/${action}${node ? `?node=${encodeURIComponent(node)}` : ''}`, { method: 'POST' });
    byId('trouble').textContent = answer.ok ? '' : await answer.text();
  } catch {
    byId('trouble').textContent = 'The demo does not answer: has it ended?';
  }
}

// Everything that was broken works again, one thing after the other.
async function healAll() {
  if (!current) return;
  for (const node of current.world.nodes) {
    if (!node.powered) await act('power-on', node.name);
    if (node.cutOff) await act('rejoin', node.name);
    if (!node.satelliteRuns) await act('start-satellite', node.name);
  }
  if (current.controllers.some(one => one.state === 'frozen')) await act('resume-leader');
}

// Replaces the children of something that cannot be focused, if they have changed.
function fill(target, ...children) {
  const before = target.cloneNode(false);
  before.append(...children);
  if (before.innerHTML !== target.innerHTML) target.replaceChildren(...before.childNodes);
}

function makeNode(name) {
  const card = element('article', 'node');
  card.setAttribute('aria-label', name);
  const title = element('h3', '', name);
  const badge = element('span', 'badge');
  title.append(badge);
  const facts = element('p', 'facts');
  const pods = element('ul');
  pods.setAttribute('aria-label', `Pods on ${name}`);
  const devices = element('ul');
  devices.setAttribute('aria-label', `DRBD replicas on ${name}`);
  const bar = element('div', 'bar');
  const power = element('button');
  const network = element('button');
  const satellite = element('button');
  for (const button of [power, network, satellite]) {
    button.addEventListener('click', () => act(button.dataset.do, name));
    bar.append(button);
  }
  card.append(title, facts, pods, devices, bar);
  byId('nodes').append(card);
  const made = { card, badge, facts, pods, devices, power, network, satellite };
  nodes.set(name, made);
  return made;
}

// What each button does, for those who point at it, and for screen readers.
const meaning = {
  'crash': 'The node loses power: DRBD, LINSTOR\'s satellite, kubelet and pods are gone at once.',
  'power-on': 'The node boots again.',
  'cut-off': 'The node runs, and its network is gone.',
  'rejoin': 'The network of the node is back.',
  'stop-satellite': 'Only LINSTOR\'s agent on the node stops. DRBD and the pods go on, so nothing may be moved.',
  'start-satellite': 'LINSTOR\'s agent on the node starts again.',
};

function label(button, action, text, node) {
  if (button.dataset.do === action) return;
  button.dataset.do = action;
  button.title = meaning[action];
  button.textContent = text;
  button.setAttribute('aria-label', `${text} ${node}`);
}

function showPod(pod, node) {
  const ghost = pod.phase === 'Forgotten';
  const item = element('li', `pod${ghost ? ' ghost' : pod.works ? '' : ' broken'}`);
  item.dataset.pod = pod.name;
  item.dataset.uid = pod.uid;
  item.dataset.works = pod.works;
  item.append(element('strong', '', pod.name.split('/')[1]), ' ', element('span', 'soft', `uid ${pod.uid.split('-')[0]}`), element('br'));
  const state = ghost ? ['warn', `deleted, but lives on here unseen; ${pod.writes ? 'IT CAN STILL WRITE' : 'its writes are held back'}`]
    : pod.works ? ['good', 'works']
    : node && !node.powered ? ['bad', `dead; Kubernetes believes it ${pod.phase}`]
    : node && node.cutOff ? ['warn', `out of reach; ${pod.writes ? 'it still writes' : 'its writes are held back'}`]
    : ['warn', pod.terminating ? 'terminating' : pod.reason || pod.phase];
  item.append(element('span', state[0], state[1]));
  return item;
}

function showDevice(device) {
  const item = element('li', 'device');
  const truth = !device.runs ? ['bad', 'off']
    : device.role === 'Primary' ? (device.writes ? ['good', 'Primary'] : ['warn', 'Primary, writes held back'])
    : ['soft', 'Secondary'];
  item.append(device.resource, ' ', element('span', truth[0], truth[1]));
  const details = [device.kind === 'Diskful' ? device.disk : device.kind === 'TieBreaker' ? 'tie-breaker' : 'diskless'];
  if (device.runs && !device.quorate) details.push('no quorum');
  details.push(device.saysMayPromote === true ? 'LINSTOR: may promote' : device.saysMayPromote === false ? 'LINSTOR: may not promote' : 'LINSTOR: unknown');
  item.append(' ', element('span', device.saysMayPromote === true ? 'good' : 'soft', `(${details.join(', ')})`));
  return item;
}

function showNode(node) {
  const shown = nodes.get(node.name) || makeNode(node.name);
  shown.card.className = `node${!node.powered ? ' off' : node.cutOff ? ' cut' : ''}`;
  shown.badge.textContent = !node.powered ? 'without power' : node.cutOff ? 'cut off' : 'up';
  shown.badge.className = `badge ${!node.powered ? 'bad' : node.cutOff ? 'warn' : 'good'}`;
  const taints = node.taints.length ? `, tainted ${node.taints.join(' ')}` : '';
  shown.facts.textContent = `Kubernetes: ${node.ready === 'True' ? 'Ready' : 'NotReady'}${node.cordoned ? ', takes no pods' : ''}${taints}. LINSTOR: ${node.satellite}.`;
  fill(shown.pods, ...node.pods.map(pod => showPod(pod, node)));
  fill(shown.devices, ...node.devices.map(showDevice));
  label(shown.power, node.powered ? 'crash' : 'power-on', node.powered ? 'Crash' : 'Power on', node.name);
  label(shown.network, node.cutOff ? 'rejoin' : 'cut-off', node.cutOff ? 'Rejoin' : 'Cut off', node.name);
  label(shown.satellite, node.satelliteRuns ? 'stop-satellite' : 'start-satellite', node.satelliteRuns ? 'Stop satellite' : 'Start satellite', node.name);
}

function showLinks(world) {
  const space = 'http://www.w3.org/2000/svg';
  const svg = document.createElementNS(space, 'svg');
  svg.setAttribute('viewBox', '0 0 400 70');
  svg.setAttribute('preserveAspectRatio', 'none');
  const place = new Map(world.nodes.map((node, at) => [node.name, 50 + 100 * at]));
  for (const link of world.links) {
    const [from, to] = [place.get(link.one), place.get(link.other)];
    const arc = document.createElementNS(space, 'path');
    arc.setAttribute('d', `M${from} 68 Q${(from + to) / 2} ${68 - (to - from) * 0.42} ${to} 68`);
    arc.setAttribute('vector-effect', 'non-scaling-stroke');
    if (!link.works) arc.setAttribute('class', 'cut');
    svg.append(arc);
  }
  fill(byId('links'), svg);
  const cut = world.links.filter(link => !link.works).map(link => `${link.one} and ${link.other}`);
  const words = cut.length ? `No link between ${cut.join(', ')}.` : 'All nodes reach each other.';
  byId('links').setAttribute('aria-label', words);
  byId('reach').textContent = words;
}

// For how long a controller has said nothing new: what it answers contains the time.
function silentFor(one, now) {
  const said = one.status ? JSON.stringify(one.status) : null;
  const last = lastStatus.get(one.name);
  if (!last || last.said !== said || last.process !== one.process) lastStatus.set(one.name, { said, process: one.process, at: now });
  return now - lastStatus.get(one.name).at;
}

function showControllers(view) {
  const rows = view.controllers.map(one => {
    const card = element('div', 'card');
    const heading = element('h3', '', `${one.name} `);
    heading.append(element('span', `badge ${one.state !== 'running' ? 'bad' : one.leads ? 'good' : 'soft'}`, one.state === 'running' ? (one.leads ? 'leads' : 'stands by') : one.state));
    const status = one.status;
    const silent = status ? status.sources.silent : [];
    const age = silentFor(one, view.elapsed);
    const isStale = status && (one.state === 'frozen' || age > 5);
    const says = one.state === 'ended' ? 'No process; it is started again.'
      : !status ? 'It does not answer yet.'
      : isStale ? `It has not answered for ${seconds(age)}: what it knows is as old as that.`
      : silent.length ? `Not synced: ${silent.join(', ')}. It never acts on silence.`
      : `All sources are synced; LINSTOR answered ${seconds(Math.max(0, status.sources.linstorAnsweredSecondsAgo ?? 0))} ago.`;
    card.append(heading, element('p', silent.length || isStale ? 'warn' : 'soft', `Process ${one.process}. ${says}`));
    return card;
  });
  fill(byId('controllers'), ...rows, element('p', 'soft', `Kubernetes' lease is held by ${view.world.holder || 'no controller'}.`));
}

function showDoubt(view) {
  const answers = view.controllers.filter(one => one.state === 'running' && one.status && silentFor(one, view.elapsed) <= 5);
  const leader = answers.find(one => one.leads) || answers[0];
  const doubts = (leader && leader.status ? leader.status.inDoubt : []).map(user => {
    const card = element('div', 'card');
    const pods = user.pods.map(pod => pod.name).join(', ') || 'an attachment';
    card.append(element('h3', '', `${pods} on ${user.node}, resource ${user.resource}`));
    if (user.graceSeconds !== undefined && user.graceSeconds !== null) {
      const bar = element('progress');
      bar.max = user.graceSeconds;
      bar.value = user.graceSeconds - user.graceLeftSeconds;
      bar.setAttribute('aria-label', `Grace period of ${pods}`);
      card.append(element('p', 'warn', user.graceLeftSeconds > 0
        ? `Its storage seems lost; acts in ${seconds(user.graceLeftSeconds)} unless it comes back.`
        : user.wouldAct ? 'The grace period is over: acting.' : 'The grace period is over.'), bar);
    }
    for (const remark of user.remarks) {
      if (remark.reason !== 'GraceNotOver') card.append(element('p', remark.overdue ? 'warn' : 'soft', remark.sentence));
    }
    return card;
  });
  const down = view.workloads.filter(load => !load.works).map(load => load.pod);
  const nothing = !leader ? element('p', 'warn', 'No controller answers, so nothing is known.')
    : down.length ? element('p', 'soft', `No volume is in doubt, as far as ${leader.name} knows. Down: ${down.join(', ')}.`)
    : element('p', 'good', 'Nothing: every consumer of a volume has its storage.');
  fill(byId('doubt'), ...(doubts.length ? doubts : [nothing]));
}

const podStates = { running: 'running', lost: 'storage lost', grace: 'grace period', decided: 'decided', gone: 'deleted, no replacement yet', attaching: 'attaching elsewhere', starting: 'starting elsewhere' };
const lanes = new Map();

function makeLane(lane) {
  const row = element('div', 'lane');
  const track = element('div', 'track');
  row.append(element('span', 'name', lane.name), track);
  track.setAttribute('role', 'img');
  byId('timeline').append(row);
  lanes.set(lane.kind + lane.name, track);
  return track;
}

// A part of a track: from and to in seconds since the demo began.
function piece(view, className, from, to, title) {
  const shownSeconds = Math.min(120, Math.max(30, view.elapsed * 1.2));
  const start = Math.max(0, view.elapsed - shownSeconds);
  const [left, right] = [Math.max(from, start), Math.min(to, start + shownSeconds)];
  if (right <= left) return null;
  const made = element('span', className);
  made.style.left = `${((left - start) / shownSeconds * 100).toFixed(2)}%`;
  made.style.width = `${((right - left) / shownSeconds * 100).toFixed(2)}%`;
  made.title = title;
  return made;
}

function showLane(view, lane) {
  const track = lanes.get(lane.kind + lane.name) || makeLane(lane);
  const pieces = [];
  lane.spans.forEach((span, at) => {
    const end = span.to ?? view.elapsed;
    const word = podStates[span.state] || span.state;
    // What began when the pod stopped working would have lasted so long without the controller.
    if (lane.kind === 'pod' && span.state !== 'running' && (at === 0 || lane.spans[at - 1].state === 'running')) {
      pieces.push(piece(view, 'baseline', span.from, span.from + view.baselineSeconds, 'without the controller: 11 min 40 s'));
    }
    const made = piece(view, `span of-${lane.kind} ${lane.kind === 'leader' ? (span.state === 'none' ? 'away' : 'running') : span.state.replace(' ', '-')}`, span.from, end, `${word}, ${seconds(end - span.from)}`);
    if (made) {
      if (end - span.from > 6 || lane.kind === 'leader') made.textContent = word;
      pieces.push(made);
    }
  });
  for (const mark of view.marks) pieces.push(piece(view, 'mark', mark.at, mark.at + 0.4, `${seconds(mark.at)}: ${mark.text}`));
  fill(track, ...pieces.filter(made => made));
  const recent = lane.spans.slice(-8).map(span => `${podStates[span.state] || span.state} from ${seconds(span.from)}`).join(', ');
  if (track.getAttribute('aria-label') !== `${lane.name}: ${recent}`) track.setAttribute('aria-label', `${lane.name}: ${recent}`);
}

function showTimeline(view) {
  view.lanes.forEach(lane => showLane(view, lane));
  if (!byId('keys').firstChild) {
    for (const [state, word] of Object.entries(podStates)) byId('keys').append(element('span', `key span of-pod ${state}`, ''), element('span', 'soft', `${word} `));
    byId('keys').append(element('span', 'key mark', ''), element('span', 'soft', 'what you did'));
  }
}

function showWorkloads(view) {
  const table = element('table');
  const head = element('tr');
  for (const title of ['Pod', 'Where', 'So far', 'What it is']) head.append(element('th', '', title));
  table.append(head);
  for (const load of view.workloads) {
    const row = element('tr');
    row.dataset.workload = load.pod;
    row.append(
      element('td', '', load.pod),
      element('td', load.works ? 'good' : 'bad', load.works ? load.node : `${load.node || 'nowhere'}: down`),
      element('td', 'number', load.moved ? `${load.said}, not 11 min 40 s` : load.said),
      element('td', 'soft', load.about));
    table.append(row);
  }
  fill(byId('workloads'), table);
}

function showExplanations(view) {
  const cards = view.explanations.map(one => {
    const card = element('article', `card ${one.kind}`);
    card.append(element('h3', '', `${seconds(one.at)}: ${one.title}`));
    const steps = element('ol');
    for (const step of one.known) steps.append(element('li', '', step));
    card.append(element('p', 'soft', one.kind === 'deleted' ? 'What the controller went by:' : 'Why it was left alone:'), steps);
    if (one.true.length) {
      const truth = element('div', `truth${one.safe ? '' : ' unsafe'}`);
      truth.append(element('p', one.safe ? 'good' : 'bad', one.kind === 'deleted' ? (one.safe ? 'In truth, which it could not see, it was safe:' : 'IN TRUTH IT WAS NOT SAFE:') : 'In truth, which it could not see:'));
      for (const line of one.true) truth.append(element('p', '', line));
      card.append(truth);
    }
    if (one.after) card.append(element('p', '', one.after));
    return card;
  });
  fill(byId('explanations'), ...(cards.length ? cards : [element('p', 'soft', 'Nothing has been deleted or refused yet. Crash node-a, where four of the five pods are, or cut it off.')]));
}

function showStory(view) {
  const list = byId('story');
  if (!lastLine && view.story.length && view.story[0].number > 1) {
    const earlier = element('li');
    earlier.append(element('time'), element('span'), element('span', 'soft', `${view.story[0].number - 1} earlier lines are not kept`));
    list.append(earlier);
  }
  const atEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 40;
  for (const line of view.story.filter(line => line.number > lastLine)) {
    const item = element('li');
    item.append(element('time', '', `${line.at.toFixed(2)} s`), element('span', (line.who === 'you' || line.who === 'scenario') ? 'you' : 'soft', line.who), element('span', (line.who === 'you' || line.who === 'scenario') ? 'you' : '', line.text));
    list.append(item);
    lastLine = line.number;
  }
  while (list.children.length > 400) list.firstChild.remove();
  if (atEnd) list.scrollTop = list.scrollHeight;
}

function show(view) {
  // A demo that was started again has a clock, lines and controllers of its own.
  if (view.elapsed < elapsed) {
    byId('story').replaceChildren();
    byId('timeline').replaceChildren();
    lanes.clear();
    lastStatus.clear();
    lastLine = 0;
  }
  [elapsed, current] = [view.elapsed, view];
  byId('clock').textContent = `${seconds(view.elapsed)} since the beginning, grace period ${seconds(view.graceSeconds)}`;
  byId('linstor').textContent = view.world.linstorRuns ? 'LINSTOR runs' : 'LINSTOR is away';
  byId('linstor').className = `badge ${view.world.linstorRuns ? 'good' : 'bad'}`;
  view.world.nodes.forEach(showNode);
  showLinks(view.world);
  const waiting = view.world.waiting.length ? `Without a node: ${view.world.waiting.map(pod => pod.name).join(', ')}. ` : '';
  byId('attachments').textContent = `${waiting}Attached: ${view.world.attachments.map(one => `${one.claim} to ${one.node}${one.deleting ? ' (being detached)' : one.attached ? '' : ' (not yet)'}`).join(', ') || 'nothing'}.`;
  const frozen = view.controllers.some(one => one.state === 'frozen');
  const freeze = byId('freeze');
  freeze.dataset.do = frozen ? 'resume-leader' : 'freeze-leader';
  freeze.textContent = frozen ? 'Resume the frozen controller' : 'Freeze the leader';
  showTimeline(view);
  showControllers(view);
  showDoubt(view);
  showWorkloads(view);
  showExplanations(view);
  showStory(view);
  byId('unaided').textContent = view.unaided;
  fill(byId('commands'), ...view.controllers.map(one => { const line = element('p'); line.append(element('code', '', one.commandLine)); return line; }));
  byId('watch').textContent = view.watch;
  document.body.dataset.ready = view.controllers.some(one => one.leads) && view.controllers.every(one => one.status && !one.status.sources.silent.length);
}

byId('heal').addEventListener('click', healAll);
for (const button of document.querySelectorAll('button[data-do]')) button.addEventListener('click', () => act(button.dataset.do));

const events = new EventSource('/events');
events.onmessage = message => { byId('trouble').textContent = ''; show(JSON.parse(message.data)); };
events.onerror = () => { byId('trouble').textContent = 'The demo does not answer: has it ended?'; };
