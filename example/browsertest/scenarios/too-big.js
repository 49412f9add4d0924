// A message that ended its session says so, and is not sent again; the next ones are.
await connect();
say('small');
await until(() => rows('received').length === 1);
hurry(2); // the server still has 5 s to answer
$('sample').value = 'huge';
$('send-sample').click();
say('after it');
await until(() => rows('received').length === 2);
const [, huge, after] = rows('sent');
is(huge.dataset.state, 'refused');
if (!small(huge).endsWith('Not accepted: the message is too big. It won’t be sent again.')) throw new Error(small(huge));
if (!huge.textContent.includes('(1,999,998 characters)')) throw new Error('its text is not cut');
is(after.dataset.state, 'delivered');
is(texts('note').at(-1), 'Connection closed (1009): the message is too big');
