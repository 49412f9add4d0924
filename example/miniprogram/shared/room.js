import { createRoster } from './roster.js';

// A room says where it is at least every 20 s: who hears nothing for twice that has a dead connection.
const QUIET = 45000;

// Of so many messages it is known that we have had them.
const LATELY = 1000;

// createRoom returns a speaker for a chat room, which speaks the subprotocol rooms.v1: see room.go and the package
// hub. It comes in as name, or, with none, as the guest that the room makes of the visitor.
//
// Each frame with a place (at) is remembered once it has been dealt with, and a connection that comes back asks for what
// came since. Where the room cannot tell, since it was started anew or that is too much, it is asked for the last messages.
// Nothing is sent before the first of them: then what has not been seen to come back is sent again, with the
// ids it had, and the room keeps one of each.
export function createRoom(visitor, room, name) {
  const { places, heard } = visitor;
  const roster = createRoster();
  let fresh = true; // the connection has not said where it is
  let met = false; // it has said who is here
  let me = null;

  // receiptOf returns the number of a message of this page's, or undefined.
  function receiptOf({ id, from }) {
    const [born, number] = (id || '').split('.');
    return from === me.user && born === visitor.born ? Number(number) : undefined;
  }

  // had returns whether we have had a message, and remembers it.
  function had({ topic, from, id }) {
    const key = JSON.stringify([topic, from, id]);
    if (heard.has(key)) return true;
    heard.add(key);
    if (heard.size > LATELY) heard.delete(heard.values().next().value);
    return false;
  }

  return {
    subprotocol: 'rooms.v1',
    greets: true,
    quiet: QUIET,

    // path throws 'nameless' when no path leads to the room: a URL takes "." and ".." for
    // ways to another place, encoded or not.
    path() {
      if (['', '.', '..'].includes(room)) throw new Error('nameless');
      fresh = true;
      met = false;
      const query = Object.entries({ name, guest: visitor.key, since: places.get(room) }).filter(([, value]) => value);
      const text = query.map(([key, value]) => `${key}=${encodeURIComponent(value)}`).join('&');
      return `rooms/${encodeURIComponent(room)}${text && '?' + text}`;
    },

    // write returns binary data as it is: rooms refuse it.
    write: ({ id, data }) => (typeof data === 'string' ? JSON.stringify({ id: `${visitor.born}.${id}`, data }) : data),

    // read returns an event:
    //   { me }                                our name here
    //   { from, says, date, own, receipt }    somebody has said something; own and the receipt: it is a message of ours
    //   { entered, joined, left, members, here }  names: who we are, if that is new; who has come and gone; all; how many
    //   { reset, ask }                        something was missed; ask is to be sent, to get the last messages
    // greeting: now the room takes messages; at: the place of the event.
    read(data) {
      const frame = JSON.parse(data);
      const { at, reset } = frame;
      if (frame.you) {
        me = frame.you;
        return { me: me.name };
      }
      if (frame.users !== undefined) {
        const event = { ...roster.take(frame), entered: met ? undefined : me.name };
        met = true;
        return event;
      }
      const event = { at, reset, ask: reset && '{"past":true}', greeting: fresh };
      fresh = false;
      if (!frame.data) return event;
      const receipt = receiptOf(frame);
      if (had(frame) && receipt === undefined) return event; // its sender could not know that it had come through
      const { name, says, time } = frame.data;
      return { ...event, from: name, says, date: new Date(time), receipt, own: receipt !== undefined };
    },

    // reached remembers an event's place, once all has been done about it.
    reached(event) {
      if (event.at) places.set(room, event.at);
    },
  };
}
