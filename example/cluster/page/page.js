import { createConversation } from './shared/conversation.js';
import { english } from './shared/english.js';
import { createRoom } from './shared/room.js';
import { createVisitor } from './shared/visitor.js';
import { closedText, noteText } from './shared/words.js';
import { dialer } from './socket.js';
import { secret } from './store.js';

const name = location.hash.slice(1) || 'lobby';
const show = (id) => document.getElementById(id);
const log = show('log');
show('room').textContent = name;

// Behind a load balancer there is one address; here the page goes to the next node by itself.
const peers = await fetch('peers').then((r) => r.json()).catch(() => []);
const nodes = [location.host, ...peers.filter((p) => p !== location.host)];
let turn = 0;

function line(text, className = '') {
  const li = document.createElement('li');
  li.textContent = text;
  li.className = className;
  log.append(li);
  return li;
}

const rows = new Map(); // of our messages that have not come back
const room = createRoom(createVisitor(secret()), name, '');
let me = '';
const conversation = createConversation({
  dial(path, on, subprotocol) {
    const node = nodes[turn % nodes.length];
    show('node').textContent = node;
    return dialer(`ws://${node}/${path}`, subprotocol)(on);
  },
  on: {
    state(state) {
      if (state === 'waiting' && show('node').textContent === nodes[turn % nodes.length]) turn++;
      if (state === 'failed') setTimeout(() => (turn++, conversation.open(room)), 1000);
    },
    mine(message) {
      if (!rows.has(message)) rows.set(message, line(message.data, 'waiting'));
      if (message.state !== 'delivered') return;
      rows.get(message).remove(); // its place is where all have it
      rows.delete(message);
      line(`${me}: ${message.data}`);
    },
    heard(event) {
      if (event.me) me = event.me;
      if (noteText(english, event)) line(noteText(english, event), 'note');
      if (event.says !== undefined && !event.own) line(`${event.from}: ${event.says}`);
      if (event.members) show('here').textContent = event.members.length === event.here ? event.members.join(', ') : `${event.here} guests`;
    },
    closed: (code, reason) => line(closedText(english, code, reason), 'note'),
  },
});
conversation.open(room);

document.forms[0].addEventListener('submit', (e) => {
  e.preventDefault();
  const input = e.target.elements.text;
  if (input.value) conversation.say(input.value);
  input.value = '';
});
