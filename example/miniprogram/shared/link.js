// One socket that is wanted or not, and the messages that wait for it.
//
// The page and the mini program share this file and words.js. They lie here because a
// mini program cannot import from outside its own folder; the service embeds both from here.

// How long a socket may take to open, or to close, before it counts as gone.
const PATIENCE = 10000;

// A socket that stayed open this long was a success: delays start from the first again.
// Resetting them on open would hammer a server that accepts and then closes at once.
const STEADY = 10000;

const FIRST_DELAY = 1000;
const LAST_DELAY = 32000; // FIRST_DELAY doubled a few times

// delayBefore returns the milliseconds to wait before reconnecting, after so many failed
// attempts: none is shorter than the one before until the longest is LAST_DELAY, and their
// upper half is random, so that the clients of a server that restarts do not come back as
// one herd.
export function delayBefore(attempt, random) {
  const most = Math.min(LAST_DELAY, FIRST_DELAY * Math.pow(2, attempt));
  return most / 2 + (random() * most) / 2;
}

// createLink returns { open, close, send, wake, queue, state }.
//
// dial(handlers) starts a socket and returns { send(text, sent), close() }. send calls
// sent(true) once the message is handed over and sent(false) when it is not; the socket
// calls handlers.opened(), handlers.message(data) and, last, handlers.closed(code, reason).
//
// What happens is told to on:
//   on.state(state, detail)  off, connecting, open, closing; waiting, for detail ms; or
//                            failed: off again, since no socket opened, and detail says why
//   on.sent(text)            a message has left the queue
//   on.message(data)         a message has come
//   on.closed(code, reason)  a socket that was open is gone
//   on.queue(queue)          the messages that wait have changed
export function createLink(dial, on, words, random = Math.random) {
  const queue = [];
  let state = 'off';
  let wanted = false; // what the owner asked for last
  let proven = false; // a socket has opened since
  let attempt = 0; // reconnects since the last success
  let socket = null; // the one in use: what any other still reports is ignored
  let sending = false; // the first of the queue is with the socket
  let flushing = false;
  let timer = null; // the current state's only one

  function enter(next, ms, then, detail) {
    clearTimeout(timer);
    timer = then ? setTimeout(then, ms) : null;
    state = next;
    on.state(state, detail);
  }

  function connect() {
    const me = { socket: null };
    const mine = (f) => (...args) => me === socket && f(...args);
    const closed = mine(ended);
    socket = me;
    enter('connecting', PATIENCE, () => drop(me, words.silent));
    try {
      me.socket = dial({ opened: mine(opened), message: mine(on.message), closed });
    } catch (err) {
      closed(1006, err.message);
    }
  }

  function opened() {
    proven = true;
    enter('open', STEADY, () => (attempt = 0));
    flush();
  }

  // A message leaves the queue only once the socket has taken it, so a failed send loses
  // nothing; and only the first is ever with the socket, so none overtakes another. What a
  // socket has taken may still be lost with its connection: WebSocket has no receipts.
  function flush() {
    if (flushing) return;
    flushing = true;
    let stuck = false;
    while (state === 'open' && !sending && !stuck && queue.length > 0) {
      const me = socket;
      sending = true;
      me.socket.send(queue[0], (taken) => {
        if (me !== socket) return; // its end has been dealt with, and the message waits
        sending = false;
        stuck = !taken; // it goes with the next send or the next socket
        if (!taken) return;
        on.sent(queue.shift());
        on.queue(queue);
        flush();
      });
    }
    flushing = false;
  }

  function ended(code, reason) {
    socket = null;
    sending = false;
    const closing = state === 'closing';
    if (state !== 'connecting') on.closed(code, reason);
    if (!wanted) {
      enter('off');
    } else if (closing) {
      connect(); // it was wanted again while it closed
    } else if (!proven) {
      wanted = false;
      enter('failed', 0, null, reason);
    } else if (code === 1000 && reason !== 'interrupted') {
      // The server is done with us. WeChat itself closes sockets with 1000 "interrupted"
      // in the background, which the server did not ask for.
      wanted = false;
      enter('off');
    } else {
      const delay = delayBefore(attempt++, random);
      enter('waiting', delay, connect, delay);
    }
  }

  // drop gives a socket up that has not answered in time.
  function drop(me, reason) {
    const gone = me.socket;
    ended(1006, reason);
    if (gone) gone.close();
  }

  return {
    queue,
    get state() {
      return state;
    },

    open() {
      if (wanted) return;
      wanted = true;
      proven = false;
      attempt = 0;
      if (state !== 'closing') connect(); // else ended does
    },

    close() {
      if (!wanted) return;
      wanted = false;
      const me = socket;
      if (state === 'open') {
        enter('closing', PATIENCE, () => drop(me, ''));
        me.socket.close();
      } else if (state !== 'closing') {
        // Forgotten before it is closed, so that a late open cannot bring it back.
        socket = null;
        enter('off');
        if (me && me.socket) me.socket.close();
      }
    },

    send(text) {
      queue.push(text);
      on.queue(queue);
      flush();
    },

    // wake ends a wait at once: the network is back, or the app is in front again.
    wake() {
      if (state !== 'waiting') return;
      attempt = 0;
      connect();
    },
  };
}
