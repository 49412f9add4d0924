// One socket that is wanted or not, and what becomes of it.
//
// The page and the mini program share this folder. It lies here because a mini program
// cannot import from outside its own; the service embeds it from here.

// How long a socket may take to open before it counts as gone.
const PATIENCE = 10000;

// How long one that is closed may take to say so: on a dead path it never does, and nobody
// waits for that.
const FAREWELL = 2000;

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

// createLink returns { open, close, wake, giveUp, transmit, state }.
//
// dial(handlers) starts a socket and returns { send(data, done), close(code) }. send calls
// done('taken') once the message is handed over, done('kept') when it has not left because
// the socket closes, and done('failed'). The socket calls handlers.opened(),
// handlers.message(data) and, last, handlers.closed(code, reason).
//
// What happens is told to on:
//   on.state(state, detail)  off, connecting, open, closing; waiting, for detail ms, told
//                            again each second; or failed: off again, since no socket
//                            opened, and detail says why
//   on.opened()              a socket is open
//   on.message(data)         a message has come
//   on.closed(code, reason)  a socket that was open is gone
//
// A reason of our own is a key of words.reasons.
export function createLink(dial, on, random = Math.random) {
  let state = 'off';
  let wanted = false; // what the owner asked for last
  let proven = false; // a socket has opened since
  let attempt = 0; // reconnects since the last success
  let socket = null; // the one in use: what any other still reports is ignored
  let timer = null; // the current state's only one

  function enter(next, ms, then, detail) {
    clearTimeout(timer);
    timer = then ? setTimeout(then, ms) : null;
    state = next;
    on.state(state, detail);
  }

  const mine = (me, f) => (...args) => me === socket && f(...args);

  function connect() {
    const me = { socket: null };
    const closed = mine(me, ended);
    socket = me;
    enter('connecting', PATIENCE, () => drop('silent'));
    try {
      me.socket = dial({ opened: mine(me, opened), message: mine(me, on.message), closed });
    } catch (err) {
      closed(1006, err.message);
    }
  }

  function opened() {
    proven = true;
    enter('open', STEADY, () => (attempt = 0));
    on.opened();
  }

  function ended(code, reason) {
    socket = null;
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
      wait(delayBefore(attempt++, random));
    }
  }

  // wait connects after so many ms, and says each second how many are left.
  function wait(ms) {
    if (ms <= 0) return connect();
    const step = ms % 1000 || 1000;
    enter('waiting', step, () => wait(ms - step), ms);
  }

  // drop gives the socket up: it has not answered in time.
  function drop(reason) {
    const gone = socket.socket;
    ended(1006, reason);
    if (gone) gone.close();
  }

  return {
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

    close(code) {
      if (!wanted) return;
      wanted = false;
      const me = socket;
      if (state === 'open') {
        enter('closing', FAREWELL, () => drop('silent'));
        me.socket.close(code);
      } else if (state !== 'closing') {
        // Forgotten before it is closed, so that a late open cannot bring it back.
        socket = null;
        enter('off');
        if (me && me.socket) me.socket.close();
      }
    },

    // wake ends a wait at once: the network is back, or the app is in front again.
    wake() {
      if (state !== 'waiting') return;
      attempt = 0;
      connect();
    },

    // giveUp treats an open socket as lost, for a reason that it has not told itself.
    giveUp(reason) {
      if (state === 'open') drop(reason);
    },

    // transmit hands data to the open socket. done is not called once that is gone.
    transmit: (data, done) => socket.socket.send(data, mine(socket, done)),
  };
}
