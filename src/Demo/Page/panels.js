'use strict';

// The controllers, what they know, the workloads, the explanations and the log.
let lastLine = 0;

function showControllers(view) {
  const rows = view.controllers.map(one => {
    const card = element('div', 'card');
    const heading = element('h3', '', `${one.name} `);
    const [word, colour] = one.state !== 'running' ? [one.state, 'bad'] : one.isStale ? ['does not answer', 'bad'] : one.leads ? ['leads', 'good'] : ['stands by', 'soft'];
    heading.append(element('span', `badge ${colour}`, word));
    const silent = one.status ? one.status.sources.silent : [];
    const says = one.state === 'ended' ? 'It is started again 20 s after it was killed.'
      : !one.status ? 'It has not answered yet.'
      : one.isStale ? `It has not answered since ${seconds(one.answeredAt)}, for ${seconds(view.elapsed - one.answeredAt)}: what it knows is as old as that.`
      : silent.length ? `Not synced: ${silent.join(', ')}. It never acts on silence.`
      : `All sources are synced; LINSTOR answered ${seconds(Math.max(0, one.status.sources.linstorAnsweredSecondsAgo ?? 0))} ago.`;
    card.append(heading, element('p', silent.length || one.isStale ? 'warn' : 'soft', `Process ${one.process}. ${says}`));
    return card;
  });
  fill(byId('controllers'), ...rows);
  byId('holder').textContent = view.world.holder || 'no controller';
}

// What may be said of the present depends on who answers: a frozen controller knows only the past.
function showDoubt(view) {
  const doubt = view.doubt;
  const since = doubt.controller ? `${doubt.controller}, at ${seconds(doubt.answeredAt)}` : '';
  const isCertain = doubt.controller && !doubt.isStale && doubt.leads;
  const parts = [];
  if (!doubt.controller) parts.push(element('p', 'warn', 'No controller has answered, so nothing is known.'));
  else if (doubt.isStale) parts.push(element('p', 'warn', `No controller answers. The last answer is old: ${since}, ${seconds(view.elapsed - doubt.answeredAt)} ago.`));
  else if (!doubt.leads) parts.push(element('p', 'warn', `No leader answers, so no pod is moved now. This is what a standby knows: ${since}.`));
  if (doubt.down.length) parts.push(element('p', 'bad', `In truth down now: ${doubt.down.join(', ')}.`));
  for (const pod of doubt.pods) {
    const card = element('div', 'card');
    const heading = element('h3', '', `${pod.subject} on ${pod.node}`);
    heading.append(element('small', '', pod.resources.join(', ')));
    card.append(heading);
    const words = [pod.outlook, ...pod.reasons].filter(word => word).join(' ');
    card.append(element('p', pod.outlook && !doubt.isStale ? 'warn' : 'soft', words));
    if (pod.graceSeconds && !doubt.isStale) {
      const bar = element('progress');
      [bar.max, bar.value] = [pod.graceSeconds, pod.graceSeconds - pod.graceLeftSeconds];
      bar.setAttribute('aria-label', `Grace period of ${pod.subject}`);
      card.append(bar);
    }
    parts.push(card);
  }
  if (!doubt.pods.length && doubt.controller) {
    parts.push(isCertain && !doubt.down.length ? element('p', 'good', 'Nothing: every consumer of a volume has its storage.')
      : element('p', 'soft', `No volume ${doubt.isStale ? 'was' : 'is'} in doubt, as far as ${doubt.controller} ${doubt.isStale ? 'knew' : 'knows'}.`));
  }
  fill(byId('doubt'), ...parts);
}

function showWorkloads(view) {
  const table = element('table');
  const head = element('tr');
  for (const title of ['Pod', 'Where', 'So far, in truth']) head.append(element('th', '', title));
  table.append(head);
  for (const load of view.workloads) {
    const row = element('tr');
    row.dataset.workload = load.pod;
    const what = element('td', '', load.pod);
    what.append(element('br'), element('span', 'soft about', load.about));
    row.append(
      what,
      element('td', load.works ? 'good' : 'bad', load.works ? load.node : `${load.node || 'nowhere'}: down`),
      element('td', 'number', load.summary));
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
  fill(byId('explanations'), ...(cards.length ? cards : [element('p', 'soft', 'Nothing has been deleted or refused yet. Crash node-a, where most pods are, or cut it off.')]));
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
