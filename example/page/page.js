import { createConversation } from './shared/conversation.js';
import { closedText, nameText, noteText, stateText } from './shared/words.js';
import { createBadge } from './badge.js';
import { carrierOf, reachable, watchPath } from './carrier.js';
import { createCompose } from './compose.js';
import { createExtras } from './extras.js';
import { showFigures } from './figures.js';
import { speak, words } from './language.js';
import { createLive } from './live.js';
import { createSettings } from './settings.js';
import { dialer } from './socket.js';
import { createTalk } from './talk.js';

const $ = (id) => document.getElementById(id);
const talk = createTalk();
const live = createLive();
const badge = createBadge();
const settings = createSettings(() => isOn() && connect());

let id = ''; // names the socket to the service, see carrier.go
let failure = () => ''; // says why the last connect failed, in the words of the moment
let left = 0; // ms until the next try
let members = null; // of the room, with our own name first
let carrier = null;

function dial(path, on) {
  id = crypto.getRandomValues(new Uint32Array(4)).join('-');
  const url = new URL(path, location);
  url.searchParams.set('id', id);
  url.protocol = url.protocol.replace('http', 'ws'); // https becomes wss
  return dialer(url, settings.subprotocol())(on);
}

const conversation = createConversation({
  dial,
  now: () => performance.now(),
  on: {
    state(state, detail) {
      if (state === 'waiting') left = detail;
      if (state === 'failed') failure = () => stateText(words, 'failed', detail);
      if (state !== 'open') members = carrier = null;
      show();
      badge.state(state);
      if (state === 'open') {
        tellCarrier();
        // Whoever has just connected wants to write; who is elsewhere stays there.
        if ([document.body, $('switch'), $('connect'), $('retry')].includes(document.activeElement)) $('message').focus();
        settings.fold();
      }
      if (state === 'failed') {
        if (detail) settings.blame(detail);
        else tellWhy();
      }
    },
    mine(message) {
      talk.mine(message);
      if (message.state !== 'delivered') return;
      live.passed();
      live.trip(message.ms);
    },
    heard(event) {
      if (event.me) members = { me: event.me, names: [event.me], here: 1 };
      if (event.members) Object.assign(members, { names: event.members, here: event.here });
      if (noteText(words, event)) talk.note(() => noteText(words, event));
      if (event.says !== undefined && !event.own) {
        talk.heard(event.says, event.from, event.date);
        badge.heard();
        live.passed();
      }
      if (event.me || event.members) showMembers();
    },
    closed: (code, reason) => talk.note(() => closedText(words, code, reason)),
  },
});

const isOn = () => !['off', 'failed', 'closing'].includes(conversation.state);
const connect = () => conversation.open(settings.speaker);

// show makes the controls fit the state.
function show() {
  const { state } = conversation;
  $('switch').checked = isOn();
  $('state').dataset.state = state;
  const text = state === 'failed' ? failure() : words[state];
  if ($('state').textContent !== text) $('state').textContent = text; // or it would be read out each second
  $('carrier').textContent = carrier ? [settings.subprotocol(), carrier.protocol].filter(Boolean).join(' · ') : '';
  $('talk').dataset.state = state;
  $('connect').hidden = isOn() || state === 'closing';
  $('first').textContent = state === 'open' ? words.ready : words[$('first').dataset.word];
  $('close').disabled = state !== 'open';
  $('again').hidden = state !== 'waiting';
  $('countdown').textContent = words.retryIn(Math.ceil(left / 1000));
  showMembers();
}

function showMembers() {
  $('present').hidden = !members;
  if (!members) return;
  let others = members.names;
  const own = others.indexOf(members.me);
  others = others.filter((_, i) => i !== own);
  const texts = [words.you(nameText(words, members.me)), ...others.map((name) => nameText(words, name))];
  if (members.here > texts.length) texts.push(words.membersMore(members.here - texts.length));
  $('members').replaceChildren(...texts.map((text) => {
    const li = document.createElement('li');
    li.textContent = text;
    return li;
  }));
}

async function tellCarrier() {
  const socket = id;
  const mine = () => socket === id && conversation.state === 'open';
  const found = await carrierOf(socket, mine);
  if (!mine()) return;
  carrier = found;
  show();
}

// tellWhy says more about a failed handshake, whose status a browser keeps to itself.
async function tellWhy() {
  const socket = id;
  const offered = settings.subprotocol();
  const up = await reachable();
  if (socket !== id || conversation.state !== 'failed') return;
  const foreign = up && offered !== settings.speaker.subprotocol;
  failure = () => [words.failed, up ? words.refused : words.unreachable, foreign && words.speaks(settings.speaker.subprotocol)].filter(Boolean).join(' ');
  show();
  if (foreign) settings.blame('badSubprotocol');
}

createCompose(conversation.say);
createExtras(conversation.say, conversation.close);
showFigures();
const check = watchPath(() => (conversation.state === 'open' ? id : ''), conversation.giveUp);

$('switch').addEventListener('change', () => ($('switch').checked ? connect() : conversation.close()));
$('connect').addEventListener('click', connect);
$('retry').addEventListener('click', conversation.wake);
window.addEventListener('online', () => (conversation.wake(), check()));
document.addEventListener('visibilitychange', () => document.hidden || (conversation.wake(), check()));

speak(show);
for (const el of document.querySelectorAll('[disabled]')) if (el.id !== 'close') el.disabled = false;
document.documentElement.dataset.ready = '';
if (settings.auto) connect();
