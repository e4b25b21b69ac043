'use strict';

// Shows each view that the demo sends.
function show(view) {
  // A demo that was started again on the same port has nothing in common with what the page shows.
  if (current && view.run !== current.run) {
    location.reload();
    return;
  }
  current = view;
  byId('clock').textContent = `${seconds(view.elapsed)} since the beginning, grace period ${seconds(view.graceSeconds)}`;
  byId('linstor').textContent = view.world.linstorRuns ? 'LINSTOR runs' : 'LINSTOR is away';
  byId('linstor').className = `badge ${view.world.linstorRuns ? 'good' : 'bad'}`;
  showNodes(view.world.nodes);
  showLinks(view.world);
  const waiting = view.world.waiting.length ? `Without a node: ${view.world.waiting.map(pod => pod.name).join(', ')}. ` : '';
  byId('attachments').textContent = `${waiting}Attached: ${view.world.attachments.map(one => `${one.claim} to ${one.node}${one.deleting ? ' (being detached)' : one.attached ? '' : ' (not yet)'}`).join(', ') || 'nothing'}.`;
  const frozen = view.controllers.some(one => one.state === 'frozen');
  const freeze = byId('freeze');
  freeze.dataset.do = frozen ? 'resume-leader' : 'freeze-leader';
  freeze.title = meaning[freeze.dataset.do];
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
  document.body.dataset.ready = view.controllers.some(one => one.leads) && view.controllers.every(one => one.status && !one.isStale && !one.status.sources.silent.length);
}

byId('heal').addEventListener('click', healAll);
describe(byId('heal'), 'heal');
for (const button of document.querySelectorAll('button[data-do]')) {
  button.addEventListener('click', () => act(button.dataset.do));
  describe(button, button.dataset.do);
}

const events = new EventSource('/events');
events.onmessage = message => { byId('trouble').textContent = ''; show(JSON.parse(message.data)); };
events.onerror = () => { byId('trouble').textContent = 'The demo does not answer: has it ended? The page shows its last state.'; };
