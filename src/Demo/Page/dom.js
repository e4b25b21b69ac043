'use strict';

// What the other scripts share. Everything that can be focused is made once and changed in place, so that the keyboard keeps its place.
const byId = id => document.getElementById(id);
let current = null; // the last view of the demo

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

// Replaces the children of something that cannot be focused, if they have changed.
function fill(target, ...children) {
  const before = target.cloneNode(false);
  before.append(...children);
  if (before.innerHTML !== target.innerHTML) target.replaceChildren(...before.childNodes);
}
