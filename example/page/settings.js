import { createEcho } from './shared/echo.js';
import { createRoom } from './shared/room.js';
import { createVisitor } from './shared/visitor.js';
import { copyText } from './clipboard.js';
import { speak, words } from './language.js';
import { placeOf, readPlace } from './place.js';
import { keep, kept, secret } from './store.js';

const $ = (id) => document.getElementById(id);
const panel = document.querySelector('#settings details');

// fieldOf names the field that each reason of a failure is about.
const fieldOf = { nameless: 'room', badSubprotocol: 'subprotocol' };

// token is what a subprotocol must be (RFC 9110, section 5.6.2).
const token = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

// createSettings returns { speaker, subprotocol, auto, blame, fold }: whom to talk to, as
// the fields say. changed() is called when they say something else.
export function createSettings(changed) {
  const visitor = createVisitor(secret());
  let speaker = null;
  const inRoom = () => $('target').value === 'room';

  // show makes what is seen fit the fields.
  function show() {
    for (const el of document.querySelectorAll('[data-room]')) el.hidden = !inRoom();
    $('offer').hidden = inRoom();
    $('whom').textContent = inRoom() ? $('room').value : words.echo;
    $('first').dataset.word = inRoom() ? 'firstRoom' : 'firstEcho';
    $('first').textContent = words[$('first').dataset.word];
    $('connect').textContent = words.connectTo(inRoom() ? words.theRoom($('room').value) : words.theEcho);
  }

  function renew() {
    speaker = inRoom() ? createRoom(visitor, $('room').value, $('name').value.trim()) : createEcho();
    show();
  }

  function enter({ room }) {
    $('target').value = room === null ? 'echo' : 'room';
    if (room !== null) $('room').value = room;
    renew();
  }

  $('where').addEventListener('change', () => {
    for (const field of Object.values(fieldOf)) $(field).removeAttribute('aria-invalid');
    keep('name', $('name').value.trim());
    history.replaceState(null, '', placeOf(inRoom() ? $('room').value : null) || location.pathname);
    renew();
    changed();
  });
  window.addEventListener('hashchange', () => { // somebody follows a link to a room
    enter(readPlace(location.hash));
    changed();
  });
  $('invite').addEventListener('click', async () => {
    const url = new URL(placeOf($('room').value), location);
    if (!(await copyText(url.href))) return;
    $('invite').textContent = words.copied;
    setTimeout(() => ($('invite').textContent = words.invite), 2000);
  });

  $('name').value = kept('name');
  enter(readPlace(location.hash));
  speak(show);
  const roomy = matchMedia('(min-width: 56rem) and (min-height: 34rem)');
  panel.open = roomy.matches;
  roomy.addEventListener('change', () => (panel.open = roomy.matches));

  return {
    auto: readPlace(location.hash).auto,

    // speaker is the same as long as the fields are.
    get speaker() {
      return speaker;
    },

    // subprotocol returns what is to be offered, if anything: of the echo it can be tried what it refuses.
    subprotocol() {
      if (inRoom()) return speaker.subprotocol;
      const name = $('subprotocol').value;
      if (name && !token.test(name)) throw new Error('badSubprotocol');
      return name;
    },

    // fold leaves the conversation the space of a small screen.
    fold() {
      if (!roomy.matches && !panel.contains(document.activeElement)) panel.open = false;
    },

    // blame takes the reader to the field that a failure is about.
    blame(reason) {
      const field = $(fieldOf[reason]);
      if (!field) return;
      panel.open = true;
      field.setAttribute('aria-invalid', 'true');
      field.setAttribute('aria-describedby', 'state');
      field.focus();
    },
  };
}
