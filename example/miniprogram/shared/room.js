// createRoom returns a speaker for a chat room, see room.go. It comes in as name, or, with
// none, as the guest that the room makes of it.
//
// A room greets: nothing is sent before its first frame, which says who we are. When its
// frames say where in its history they are (at), a connection that comes back asks for what
// it missed since then.
export function createRoom(room, name) {
  let at = ''; // the place of the last frame that was dealt with
  let members = [];

  return {
    greets: true,

    // path throws 'nameless' when no path leads to the room: a URL takes "." and ".." for
    // ways to another place, encoded or not.
    path() {
      if (['', '.', '..'].includes(room)) throw new Error('nameless');
      const query = Object.entries({ name, since: at }).filter(([, value]) => value);
      const text = query.map(([key, value]) => `${key}=${encodeURIComponent(value)}`).join('&');
      return `rooms/${encodeURIComponent(room)}${text && '?' + text}`;
    },

    write: (message) => message.data,

    // read returns an event: { from, says }, or { from, does, here, members } when somebody
    // has joined or left, or { reset }: something was missed. own: it is from ourselves;
    // receipt: it answers a message of ours; greeting: it is the first.
    read(data) {
      const frame = JSON.parse(data);
      const event = { ...frame, greeting: frame.does === 'joined' && frame.own };
      if (event.greeting) {
        members = frame.names;
      } else if (frame.does === 'joined') {
        members = members.concat(frame.from);
      } else if (frame.does === 'left') {
        const i = members.indexOf(frame.from); // two may have one name
        members = members.filter((_, other) => other !== i);
      }
      if (frame.does) event.members = members;
      if (frame.own && frame.says !== undefined) event.receipt = frame.id || true;
      return event;
    },

    // reached remembers an event's place, once all has been done about it.
    reached(event) {
      if (event.at) at = event.at;
    },
  };
}
