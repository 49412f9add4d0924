// The page that tutorials have, to the letter of WeChat's documentation: it opens the socket with protocols
// ['echo-protocol'], queues until it is open, sends, and shows what comes back. It must go on to work.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { until } from './page.js';
import { createPhone, service } from './phone.js';

test('the tutorial\'s page code connects to /ws unchanged', async () => {
  const phone = createPhone();
  const shown = [];
  let socketOpen = false;
  const socketMsgQueue = [];

  const socketTask = wx.connectSocket({ url: `${service}/ws`, protocols: ['echo-protocol'], fail: assert.fail });
  function sendSocketMessage(msg) {
    if (socketOpen) socketTask.send({ data: msg, success() {}, fail: assert.fail });
    else socketMsgQueue.push(msg);
  }
  socketTask.onOpen(() => {
    socketOpen = true;
    socketMsgQueue.splice(0).forEach(sendSocketMessage);
  });
  socketTask.onMessage((res) => shown.push(res.data));
  sendSocketMessage('before it is open');
  sendSocketMessage('你好');
  await until(() => shown.length === 2);
  sendSocketMessage('after');
  await until(() => shown.length === 3);
  assert.deepEqual(shown, ['before it is open', '你好', 'after']);
  socketTask.close({ code: 1000 });
  await until(() => !phone.task.alive());
});
