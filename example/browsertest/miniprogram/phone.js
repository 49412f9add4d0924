// The phone below a mini program: wx as WeChat documents it, and as phones differ, with real sockets to the
// service at WSECHO_URL.
import assert from 'node:assert/strict';
import WebSocket from 'ws';

export const service = process.env.WSECHO_URL.replace('http', 'ws');

const MOST = 5; // sockets that WeChat lets a mini program have at once

// createPhone installs wx. keeps says what a runtime does with a second listener to the same event: 'all' calls
// both, 'last' only that.
export function createPhone({ language = 'en', keeps = 'all' } = {}) {
  const phone = {
    language,
    tasks: [],
    online: new Set(), // the listeners to the network's state
    get task() {
      return phone.tasks.at(-1);
    },
    network: (isConnected) => phone.online.forEach((f) => f({ isConnected })),
  };

  function listeners() {
    const all = {};
    return {
      set: (name) => (f) => (all[name] = keeps === 'all' ? [...(all[name] || []), f] : [f]),
      fire: (name, event) => (all[name] || []).forEach((f) => f(event)),
    };
  }

  function connectSocket({ url, protocols, fail }) {
    if (phone.tasks.filter((task) => task.alive()).length >= MOST) {
      setTimeout(() => fail({ errMsg: 'connectSocket:fail exceed max task count' }));
      return undefined;
    }
    let ws;
    try {
      ws = new WebSocket(url, protocols, { origin: 'https://servicewechat.com' });
    } catch (err) {
      setTimeout(() => fail({ errMsg: `connectSocket:fail ${err.message}` }));
    }
    const { set, fire } = listeners();
    const task = {
      url,
      protocols,
      sends: 0,
      fails: null, // by the test: which sends fail
      onOpen: set('open'),
      onMessage: set('message'),
      onClose: set('close'),
      onError: set('error'),
      send({ data, success, fail }) {
        task.sends++;
        if (ws.readyState !== WebSocket.OPEN || task.fails?.(data)) setTimeout(() => fail({ errMsg: 'sendSocketMessage:fail' }));
        else ws.send(data, (err) => (err ? fail({ errMsg: err.message }) : success({ errMsg: 'sendSocketMessage:ok' })));
      },
      close({ code, reason = '' }) {
        task.code = code;
        ws?.close(code, reason);
      },
      alive: () => Boolean(ws) && ws.readyState <= WebSocket.OPEN,
      // interrupt is what WeChat does to the sockets of a program in the background.
      interrupt() {
        ws.removeAllListeners();
        ws.on('error', () => {});
        ws.terminate();
        fire('close', { code: 1000, reason: 'interrupted' });
      },
      // drop is what iOS does: the socket is gone, and nothing is said.
      drop() {
        ws.removeAllListeners();
        ws.on('error', () => {});
        ws.terminate();
      },
      cut: () => ws.terminate(),
      // vanish ends it as phones do that tell no code.
      vanish() {
        ws.removeAllListeners();
        ws.terminate();
        fire('close', {});
      },
    };
    phone.tasks.push(task);
    ws?.on('open', () => fire('open', { header: {} }));
    ws?.on('message', (data, binary) => fire('message', { data: binary ? data : data.toString() }));
    ws?.on('error', (err) => fire('error', { errMsg: err.message }));
    ws?.on('close', (code, reason) => fire('close', { code, reason: reason.toString() }));
    return task;
  }

  globalThis.wx = {
    connectSocket,
    getAppBaseInfo: () => ({ language: phone.language }),
    onNetworkStatusChange: (f) => phone.online.add(f),
    offNetworkStatusChange: (f) => assert.ok(phone.online.delete(f)),
  };
  return phone;
}
