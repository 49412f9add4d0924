import { follow } from './follow.js';

const room = location.hash.slice(1) || 'lobby';
const show = (id) => document.getElementById(id);
const log = show('log');
show('room').textContent = room;

// Behind a load balancer there is one address; here the page goes to the next node by itself.
const peers = await fetch('peers').then((r) => r.json()).catch(() => []);
const nodes = [location.host, ...peers.filter((p) => p !== location.host)];
let tries = 0;

function add(text, className) {
  const li = document.createElement('li');
  li.textContent = text;
  if (className) li.className = className;
  log.append(li);
  return li;
}

const sent = new Map(); // id to its line, until it comes back
const users = new Set();
const link = follow(() => {
  const node = nodes[tries++ % nodes.length];
  show('node').textContent = node;
  return `ws://${node}/rooms/${encodeURIComponent(room)}`;
}, {
  onopen() { tries--; }, // this one again, as long as it is there
  onlost() { tries++; add('connection lost', 'note'); },
  onmissed() { add('something may be missing here', 'note'); },
  onmessage(m) {
    sent.get(m.id)?.remove();
    sent.delete(m.id);
    add(`${m.from}: ${m.data}`);
  },
  onhere(h) {
    if (h.here) users.clear();
    for (const p of [...(h.here ?? []), ...(h.joined ?? [])]) users.add(p.user);
    for (const p of h.left ?? []) users.delete(p.user);
    show('here').textContent = users.size === h.users ? [...users].join(', ') : `${h.users} guests`;
  },
});

document.forms[0].addEventListener('submit', (e) => {
  e.preventDefault();
  const input = e.target.elements.text;
  if (!input.value) return;
  sent.set(link.send(input.value), add(input.value, 'waiting'));
  input.value = '';
});
