'use strict';

// The nodes, their buttons, and the links between them.
const nodes = new Map();

// What each button does: shown for the one that is pointed at or focused, and read by screen readers.
const meaning = {
  'crash': 'Crash: the node loses power. DRBD, LINSTOR\'s satellite, kubelet and pods are gone at once. Opted-in pods are moved after the grace period.',
  'power-on': 'Power on: the node boots again, and its replicas sync.',
  'cut-off': 'Cut off: the node runs on, but reaches no other node, nor LINSTOR and Kubernetes. DRBD there loses quorum and holds back every write; opted-in pods are moved.',
  'rejoin': 'Rejoin: the network of the node is back. What was deleted meanwhile ends there.',
  'stop-satellite': 'Stop satellite: only LINSTOR\'s agent on the node stops. DRBD and the pods go on, so nothing may be moved.',
  'start-satellite': 'Start satellite: LINSTOR\'s agent on the node starts again.',
  'restart-linstor': 'Restart LINSTOR: its controller is away for 4 s. DRBD goes on; nothing is decided meanwhile.',
  'freeze-leader': 'Freeze the leader: SIGSTOP, the process hangs. It cannot renew its Lease, so another replica takes over after 15 s.',
  'resume-leader': 'Resume: SIGCONT, the frozen process goes on, and finds that it no longer leads if another replica has taken over.',
  'kill-leader': 'Kill the leader: SIGKILL. Another replica takes over when the Lease has run out after 15 s; the killed one starts again after 20 s.',
  'heal': 'Heal all: powers every node on, restores every network and satellite, and resumes a frozen controller.',
};

function describe(button, action) {
  button.title = meaning[action];
  for (const event of ['pointerenter', 'focus']) button.addEventListener(event, () => { byId('hint').textContent = button.title; });
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
    describe(button, 'crash');
    bar.append(button);
  }
  // The buttons come first, where no pod that comes or goes can move them.
  card.append(title, bar, facts, pods, devices);
  byId('nodes').append(card);
  const made = { card, badge, facts, pods, devices, power, network, satellite };
  nodes.set(name, made);
  return made;
}

function label(button, action, text, node) {
  if (button.dataset.do === action) return;
  button.dataset.do = action;
  button.title = meaning[action];
  if (button === document.activeElement) byId('hint').textContent = button.title;
  button.textContent = text;
  button.setAttribute('aria-label', `${text} ${node}`);
}

function showPod(pod, node) {
  const ghost = pod.phase === 'Forgotten';
  const item = element('li', `pod${ghost ? ' ghost' : pod.works ? '' : ' broken'}`);
  item.dataset.pod = pod.name;
  item.dataset.uid = pod.uid;
  item.dataset.works = pod.works;
  item.append(element('strong', '', pod.name.split('/')[1]), ' ');
  const state = ghost ? ['warn', `deleted, but lives on here unseen; ${pod.writes ? 'IT CAN STILL WRITE' : 'its writes are held back'}`]
    : pod.works ? ['good', 'works']
    : node && !node.powered ? ['bad', `dead; Kubernetes believes it ${pod.phase}`]
    : node && node.cutOff ? ['warn', `out of reach; ${pod.writes ? 'it still writes' : 'its writes are held back'}`]
    : ['warn', pod.terminating ? 'terminating' : pod.reason || pod.phase];
  item.append(element('span', state[0], state[1]), ' ', element('span', 'soft uid', `uid ${pod.uid.split('-')[0]}`));
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
  details.push(device.saysMayPromote === true ? 'may promote' : device.saysMayPromote === false ? 'may not promote' : 'LINSTOR: unknown');
  item.append(' ', element('span', device.saysMayPromote === true ? 'good' : 'soft', `(${details.join(', ')})`));
  return item;
}

function showNode(node) {
  const shown = nodes.get(node.name) || makeNode(node.name);
  shown.card.className = `node${!node.powered ? ' off' : node.cutOff ? ' cut' : ''}`;
  shown.badge.textContent = !node.powered ? 'no power' : node.cutOff ? 'cut off' : 'up';
  shown.badge.className = `badge ${!node.powered ? 'bad' : node.cutOff ? 'warn' : 'good'}`;
  const taints = node.taints.length ? `, tainted ${node.taints.join(' ')}` : '';
  const tieBreaker = node.devices.length && node.devices.every(device => device.kind !== 'Diskful') ? ' It has no data: it only votes for the quorum.' : '';
  shown.facts.textContent = `Kubernetes: ${node.ready === 'True' ? 'Ready' : 'NotReady'}${node.cordoned ? ', cordoned (takes no pods)' : ''}${taints}. LINSTOR: ${node.satellite}.${tieBreaker}`;
  fill(shown.pods, ...node.pods.map(pod => showPod(pod, node)));
  fill(shown.devices, ...node.devices.map(showDevice));
  label(shown.power, node.powered ? 'crash' : 'power-on', node.powered ? 'Crash' : 'Power on', node.name);
  label(shown.network, node.cutOff ? 'rejoin' : 'cut-off', node.cutOff ? 'Rejoin' : 'Cut off', node.name);
  label(shown.satellite, node.satelliteRuns ? 'stop-satellite' : 'start-satellite', node.satelliteRuns ? 'Stop satellite' : 'Start satellite', node.name);
}

function showNodes(list) {
  for (const [name, shown] of nodes) {
    if (list.some(node => node.name === name)) continue;
    shown.card.remove();
    nodes.delete(name);
  }
  list.forEach(showNode);
}

function showLinks(world) {
  const space = 'http://www.w3.org/2000/svg';
  const svg = document.createElementNS(space, 'svg');
  svg.setAttribute('viewBox', '0 0 400 70');
  svg.setAttribute('preserveAspectRatio', 'none');
  const place = new Map(world.nodes.map((node, at) => [node.name, 50 + 100 * at]));
  for (const link of world.links) {
    const [from, to] = [place.get(link.one), place.get(link.other)];
    if (!from || !to) continue; // the Node has been deleted, the machine is still there
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
