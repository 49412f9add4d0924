// dialer returns the dial of a link (see link.js): a browser's WebSocket to url.
export function dialer(url, subprotocol) {
  return (on) => {
    const ws = new WebSocket(url, subprotocol ? [subprotocol] : []);
    ws.binaryType = 'arraybuffer';
    ws.onopen = () => on.opened();
    ws.onmessage = (event) => on.message(event.data);
    ws.onclose = (event) => on.closed(event.code, event.reason);
    return {
      send(data, done) {
        // While it closes, WebSocket.send drops what it gets and says nothing.
        const open = ws.readyState === WebSocket.OPEN;
        if (open) ws.send(data);
        done(open ? 'taken' : 'kept');
      },
      close: (code = 1000) => ws.close(code),
    };
  };
}
