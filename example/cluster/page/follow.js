// follow keeps a socket to the service open and misses nothing: when it comes back it says where it was, and sends
// again, with their ids and in order, the messages that it has not seen come back.
//
// url() returns where to connect next. What happens is told to on: onopen, onlost, onmessage(m), onmissed (read the
// state anew), onhere(h).
export function follow(url, on) {
  const page = crypto.randomUUID(); // its ids are no other page's
  const waiting = new Map(); // id to what was sent, until it comes back
  let at = '', next = 1, delay = 0, live = false, over = false, socket, timer;

  function connect() {
    const target = new URL(url());
    if (at) target.searchParams.set('since', at);
    socket = new WebSocket(target, ['rooms.v1']);
    socket.onmessage = ({ data }) => {
      const m = JSON.parse(data);
      if (!live) { // the first frame says where we are; only then may anything be sent, and first what waits
        live = true;
        delay = 0;
        on.onopen();
        for (const text of waiting.values()) socket.send(text);
      }
      if (m.reset) on.onmissed();
      else if (m.id) on.onmessage(m);
      else if (m.users !== undefined) on.onhere(m);
      waiting.delete(m.id);
      if (m.at) at = m.at; // after the message has been dealt with
    };
    socket.onclose = () => {
      if (live) on.onlost();
      live = false;
      if (over) return;
      timer = setTimeout(connect, delay * Math.random());
      delay = Math.min(30_000, Math.max(500, delay * 2));
    };
  }

  connect();
  return {
    send(data) {
      const id = `${page}.${next++}`;
      const text = JSON.stringify({ id, data });
      waiting.set(id, text);
      if (live) socket.send(text); // or it would overtake those that wait
      return id;
    },
    close() {
      over = true;
      clearTimeout(timer);
      socket.close();
    },
  };
}
