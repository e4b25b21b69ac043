'use strict';

// Which state each pod, each resource, LINSTOR and the leadership were in.
const podStates = { running: 'running', lost: 'storage lost', grace: 'grace period', decided: 'decided', gone: 'deleted, no replacement yet', attaching: 'attaching elsewhere', starting: 'starting' };
const lanes = new Map();

function makeLane(lane) {
  const row = element('div', 'lane');
  const track = element('div', 'track');
  const name = element('span', 'name', lane.name);
  name.title = lane.name;
  row.append(name, track);
  track.setAttribute('role', 'img');
  lanes.set(lane.kind + lane.name, row);
  return row;
}

// A part of a track: from and to in seconds since the demo began; a mark has no width of its own.
function piece(view, className, from, to, title) {
  const shownSeconds = Math.min(120, Math.max(30, view.elapsed * 1.2));
  const start = Math.max(0, view.elapsed - shownSeconds);
  const [left, right] = [Math.max(from, start), Math.min(to ?? from, start + shownSeconds)];
  if (to === undefined ? from < start : right <= left) return null;
  const made = element('span', className);
  made.style.left = `${((left - start) / shownSeconds * 100).toFixed(2)}%`;
  if (to !== undefined) made.style.width = `${((right - left) / shownSeconds * 100).toFixed(2)}%`;
  made.title = title;
  return made;
}

// Only an outage in which the controller moved the pod can be compared with what Kubernetes alone would have done.
const movesOf = (view, lane) => lane.kind === 'pod' ? view.workloads.find(load => load.pod === lane.name)?.moves ?? [] : [];

function showLane(view, lane) {
  const track = (lanes.get(lane.kind + lane.name) || makeLane(lane)).querySelector('.track');
  const pieces = movesOf(view, lane).map(began => piece(view, 'baseline', began, began + view.baselineSeconds, `without the controller: ${view.baselineText}`));
  for (const span of lane.spans) {
    const end = span.to ?? view.elapsed;
    const word = podStates[span.state] || span.state;
    const made = piece(view, `span of-${lane.kind} ${lane.kind === 'leader' ? (span.state === 'none' ? 'away' : 'running') : span.state.replace(' ', '-')}`, span.from, end, `${word}, ${seconds(end - span.from)}`);
    if (made) {
      if (end - span.from > 6 || lane.kind === 'leader') made.textContent = word;
      pieces.push(made);
    }
  }
  for (const mark of view.marks) pieces.push(piece(view, 'mark', mark.at, undefined, `${seconds(mark.at)}: ${mark.text}`));
  fill(track, ...pieces.filter(made => made));
  const recent = lane.spans.slice(-10).map(span => `${podStates[span.state] || span.state} from ${seconds(span.from)}`).join(', ');
  if (track.getAttribute('aria-label') !== `${lane.name}: ${recent}`) track.setAttribute('aria-label', `${lane.name}: ${recent}`);
}

function showTimeline(view) {
  view.lanes.forEach(lane => showLane(view, lane));
  const rows = view.lanes.map(lane => lanes.get(lane.kind + lane.name));
  if (rows.length !== byId('timeline').children.length || rows.some((row, at) => row !== byId('timeline').children[at])) byId('timeline').replaceChildren(...rows);
  if (!byId('keys').firstChild) {
    for (const [state, word] of Object.entries(podStates)) byId('keys').append(element('span', `key span of-pod ${state}`, ''), element('span', 'soft', `${word} `));
    byId('keys').append(element('span', 'key mark', ''), element('span', 'soft', 'what you did'));
  }
}
