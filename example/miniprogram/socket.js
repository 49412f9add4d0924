// dialer returns the dial of a link (see shared/link.js): a SocketTask to url.
export function dialer(url, subprotocol) {
  return (on) => {
    let over = false; // for the link
    const failed = (err) => on.closed(1006, err.errMsg);
    const task = wx.connectSocket({ url, protocols: [subprotocol], fail: failed });
    // A phone has few sockets, may refuse to close one that has yet to open, and may open
    // one that has failed: what opens when it is over is closed then.
    const close = () => {
      over = true;
      task.close({ code: 1000 });
    };
    task.onOpen(() => (over ? close() : on.opened()));
    task.onMessage((event) => on.message(event.data));
    task.onClose((event) => on.closed(event.code, event.reason));
    task.onError((err) => {
      failed(err); // some phones report no close after it
      close();
    });
    return {
      send: (text, sent) =>
        task.send({ data: text, success: () => sent(true), fail: () => sent(false) }),
      close,
    };
  };
}
