// dialer returns the dial of a link (see shared/link.js): a SocketTask to url.
export function dialer(url, subprotocol) {
  return (on) => {
    const failed = (err) => on.closed(1006, err.errMsg);
    const task = wx.connectSocket({ url, protocols: [subprotocol], fail: failed });
    task.onOpen(() => on.opened());
    task.onMessage((event) => on.message(event.data));
    task.onClose((event) => on.closed(event.code, event.reason));
    task.onError(failed); // some phones report no close after it
    return {
      send: (text, sent) =>
        task.send({ data: text, success: () => sent(true), fail: () => sent(false) }),
      close: () => task.close({ code: 1000 }),
    };
  };
}
