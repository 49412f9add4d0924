// A conversation with the service: a link, what is under way on it, and a speaker, which
// knows how to talk to what is at its other end (echo.js, room.js).
import { createLink } from './link.js';
import { createOutbox } from './outbox.js';

// How long an open socket may take until the service lets us talk.
const PATIENCE = 10000;

// createConversation returns { open, close, say, wake, giveUp, state, waiting }.
//
// dial(path, handlers, subprotocol) is that of a link, to a path of the service.
//
// What happens is told to on:
//   on.state, on.closed  as by a link
//   on.mine(message)     a message of ours is new, or has changed: see outbox.js
//   on.heard(event)      something has been said: see read in echo.js and room.js
export function createConversation({ dial, on, random = Math.random, now = Date.now }) {
  let wanted = null; // the speaker of the next connection
  let speaker = null; // and of this one
  let greeted = false; // it is ready
  let timer = null; // until it is ready, and then until it says something

  function connect(handlers) {
    speaker = wanted;
    return dial(speaker.path(), handlers, speaker.subprotocol);
  }

  // expect gives the connection up that says nothing for so many ms.
  function expect(ms) {
    clearTimeout(timer);
    if (ms) timer = setTimeout(() => link.giveUp('silent'), ms);
  }

  const link = createLink(connect, {
    state: on.state,
    opened() {
      greeted = !speaker.greets;
      if (speaker.greets) expect(PATIENCE);
      else outbox.ready();
    },
    message(data) {
      const event = speaker.read(data);
      if (event.receipt) outbox.receipt(event.receipt === true ? undefined : event.receipt);
      on.heard(event);
      speaker.reached(event);
      if (event.greeting) greeted = true;
      if (greeted) expect(speaker.quiet);
      if (event.ask) link.transmit(event.ask, () => {});
      if (event.greeting) outbox.ready();
    },
    closed(code, reason) {
      clearTimeout(timer);
      on.closed(code, reason);
      outbox.closed(code);
    },
  }, random);

  const outbox = createOutbox({
    transmit: (message, done) => link.transmit(speaker.write(message), done),
    changed: on.mine,
    silent: () => link.giveUp('silent'),
    now,
  });

  return {
    get state() {
      return link.state;
    },
    waiting: outbox.waiting,

    // open connects, to speak as the speaker does. A connection to another is closed first.
    open(to) {
      if (wanted && wanted !== to) this.close();
      wanted = to;
      link.open();
    },

    // close closes the connection, with a code if one is given.
    close(code) {
      outbox.pause();
      link.close(code);
    },

    wake: link.wake,
    giveUp: link.giveUp,
    say: outbox.add, // text, or an ArrayBuffer
  };
}
