// dialer returns the dial of a link (see shared/link.js): a SocketTask to url.
export function dialer(url, subprotocol) {
  return (on) => {
    let over = false; // for the link
    const failed = (err) => on.closed(1006, errorText(err));
    // A runtime that refuses, as when five sockets are open, may return nothing.
    const task = wx.connectSocket({ url, protocols: [subprotocol], fail: failed });
    // A phone has few sockets, may refuse to close one that has yet to open, and may open
    // one that has failed: what opens when it is over is closed then.
    const close = (code = 1000) => {
      over = true;
      if (task) task.close({ code });
    };
    if (!task) return { send: (_, done) => done('failed'), close };
    task.onOpen(() => (over ? close() : on.opened()));
    task.onMessage((event) => on.message(event.data));
    task.onClose((event) => on.closed((event && event.code) || 1006, (event && event.reason) || ''));
    task.onError((err) => {
      failed(err); // some phones report no close after it
      close();
    });
    return {
      send: (data, done) =>
        task.send({
          data,
          success: () => done('taken'),
          // iOS drops a socket in the background and says nothing: that a send fails is the
          // first that is heard of it.
          fail(err) {
            done('failed');
            failed(err);
            close();
          },
        }),
      close,
    };
  };
}

// errorText is WeChat's own word for what went wrong.
function errorText(err) {
  return (err && err.errMsg) || '';
}
