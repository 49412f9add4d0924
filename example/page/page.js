import { createLink } from './shared/link.js';
import { closedText, messageText, roomPath, stateText, wordsFor } from './shared/words.js';
import { showFigures } from './figures.js';
import { dialer } from './socket.js';
import { createTalk } from './talk.js';

const $ = (id) => document.getElementById(id);
const words = wordsFor(navigator.language);
const talk = createTalk(words);

document.documentElement.lang = words === wordsFor('zh') ? 'zh' : 'en';
for (const el of document.querySelectorAll('[data-word]')) el.textContent = words[el.dataset.word];
for (const el of document.querySelectorAll('[data-label]')) el.ariaLabel = words[el.dataset.label];
for (const el of document.querySelectorAll('[data-hint]')) el.placeholder = words[el.dataset.hint];

let id; // names the socket to the service, see carrier.go
const inRoom = () => $('target').value === 'room';

function dial(on) {
  id = crypto.getRandomValues(new Uint32Array(4)).join('-');
  const path = inRoom() ? roomPath(words, $('room').value) : 'ws';
  const url = new URL(`${path}?id=${id}`, location);
  url.protocol = url.protocol.replace('http', 'ws'); // https becomes wss
  return dialer(url, $('subprotocol').value)(on);
}

const link = createLink(dial, {
  state(state, detail) {
    $('switch').checked = !['off', 'failed', 'closing'].includes(state);
    $('where').disabled = !['off', 'failed'].includes(state);
    $('state').dataset.state = state;
    $('state').textContent = stateText(words, state, detail);
    $('carrier').textContent = '';
    if (state === 'open') tellCarrier(id);
    if (state === 'failed' && !detail) tellWhy(id);
  },
  sent: (text) => talk.add('sent', text),
  message(data) {
    const { text, from, note } = messageText(words, data, inRoom());
    talk.add(note ? 'note' : 'received', text, from);
  },
  closed: (code, reason) => talk.add('note', closedText(words, code, reason)),
  queue: (queue) => talk.showQueue(queue),
}, words);

// tellCarrier shows what the service says about the socket: scripts are not told. The
// socket may be open a moment before the service lists its session.
async function tellCarrier(socket) {
  for (let tries = 0; tries < 10; tries++) {
    const carrier = await ask(`carrier/${socket}`);
    if (socket !== id || link.state !== 'open') return;
    if (carrier) {
      $('carrier').textContent = `${$('subprotocol').value} · ${carrier.protocol}`;
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, 100 << tries)); // a service may be slow for longer
  }
}

// tellWhy says more about a failed handshake, whose status a browser keeps to itself.
async function tellWhy(socket) {
  const offered = $('subprotocol').value;
  const up = await ask('healthz');
  if (socket !== id || link.state !== 'failed') return;
  const why = [up ? words.refused : words.unreachable];
  if (up && offered !== 'echo-protocol') why.push(words.speaks('echo-protocol'));
  $('state').textContent = [words.failed, ...why].join(' ');
}

// ask returns the service's answer, or null when there is none.
function ask(path) {
  return fetch(path, { cache: 'no-store' }).then((answer) => answer.json()).catch(() => null);
}

$('switch').addEventListener('change', () => ($('switch').checked ? link.open() : link.close()));
$('target').addEventListener('change', () => ($('room-label').hidden = !inRoom()));
$('compose').addEventListener('submit', (event) => {
  event.preventDefault();
  const text = $('message').value;
  if (text === '') return;
  $('message').value = '';
  $('message').focus();
  link.send(text);
});
window.addEventListener('online', () => link.wake());
document.addEventListener('visibilitychange', () => document.hidden || link.wake());

$('room-label').hidden = !inRoom();
$('state').textContent = words.off;
showFigures(words);
