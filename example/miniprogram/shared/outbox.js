// The messages that one side sends, until the other has answered each.
//
// WebSocket has no receipts: what a socket took may be lost with its connection, and a
// path that has died looks open for minutes. So each message counts as delivered only when
// the service has answered it, as an echo and a room do.

// How long nothing may come back while messages are under way. They get a second more for
// each 20 kB, twice as long as a slow phone needs.
const PATIENCE = 10000;
const PACE = 20; // bytes each ms

// A message that the socket did not take this often holds up the next ones no longer.
const TRIES = 3;

// Close codes that are about one message, and would come again with it: data that is not
// accepted, text that is not UTF-8, too big (RFC 6455, section 7.4.1).
const BLAMES = [1003, 1007, 1009];

// createOutbox returns { add, ready, pause, receipt, closed, waiting }.
//
// A message is { id, data, state, doubtful, ms, code }. Its state is
//   waiting    for the connection; doubtful: it has been sent before, and may have arrived
//   sending    the socket has it
//   delivered  the service has answered it, ms after it was sent
//   refused    it ended its session, with code, and is not sent again
//   failed     the socket does not take it, and it is not tried again
// changed(message) is called whenever that changes.
//
// transmit(message, done) hands it over, see transmit in link.js. silent() is called when
// nothing comes back.
export function createOutbox({ transmit, changed, silent, now = Date.now }) {
  const waiting = []; // in order
  const flying = []; // handed over before those, not answered yet, in order
  let bytes = 0; // of flying, about: text counts by its letters
  let ready = false; // the service takes messages
  let handing = false; // the last of flying is not yet with the socket
  let flushing = false;
  let timer = null; // of the first receipt that is owed
  let next = 1;

  function set(message, state, more) {
    Object.assign(message, { state, doubtful: false }, more);
    changed(message);
  }

  const sizeOf = ({ data }) => data.byteLength || data.length;

  // land takes a message out of those under way.
  function land(i) {
    const [message] = flying.splice(i, 1);
    bytes -= sizeOf(message);
    return message;
  }

  function watch() {
    clearTimeout(timer);
    if (flying.length === 0) return;
    timer = setTimeout(silent, PATIENCE + bytes / PACE);
  }

  // Only one message is ever on its way into the socket, so that none overtakes another.
  function flush() {
    if (flushing) return; // a done that comes at once would nest thousands deep
    flushing = true;
    const idle = flying.length === 0;
    while (ready && !handing && waiting.length > 0) hand(waiting.shift());
    flushing = false;
    if (idle) watch();
  }

  function hand(message) {
    handing = true;
    flying.push(message); // first: its answer may come before done does
    bytes += sizeOf(message);
    message.sentAt = now();
    message.left = true; // unless done says otherwise
    set(message, 'sending');
    transmit(message, (outcome) => {
      if (outcome === 'taken') {
        handing = false;
        flush();
        return;
      }
      // The socket is at its end, which closed is going to tell: nothing more goes into it.
      message.left = false;
      if (outcome === 'failed' && ++message.failures === TRIES) {
        land(flying.indexOf(message));
        set(message, 'failed');
      }
    });
  }

  return {
    waiting,

    add(data) {
      const message = { id: next++, data, state: '', doubtful: false, failures: 0 };
      waiting.push(message);
      set(message, 'waiting');
      flush();
      return message;
    },

    // ready says that a new connection takes messages.
    ready() {
      ready = true;
      flush();
    },

    // pause keeps back what is not under way yet, until ready is said again.
    pause: () => (ready = false),

    // receipt says that the service has answered: the message with that id, or, where it
    // answers in order and without, the first that is under way.
    receipt(id) {
      const i = id === undefined ? 0 : flying.findIndex((message) => message.id === id);
      let message = flying[i];
      if (message) {
        land(i);
      } else { // what was missed is told before anything is sent again
        message = waiting.find((one) => one.id === id);
        if (!message) return;
        waiting.splice(waiting.indexOf(message), 1);
      }
      set(message, 'delivered', { ms: now() - message.sentAt });
      watch();
    },

    // closed says that the connection is gone: what has not been answered waits again.
    closed(code) {
      clearTimeout(timer);
      ready = handing = false;
      const back = flying.splice(0);
      bytes = 0;
      const culprit = BLAMES.includes(code) ? back.shift() : null;
      waiting.unshift(...back);
      if (culprit) set(culprit, 'refused', { code });
      // What came after a message that is refused was not read.
      for (const message of back) set(message, 'waiting', { doubtful: message.left && !culprit });
    },
  };
}
