// at #room=%E8%8C%B6%E9%A6%86%201
// A link to a room leads into it, and the members are listed; a name is set, and said.
await until(() => !$('present').hidden);
is($('target').value, 'room');
is($('room').value, '茶馆 1');
await until(() => rows('note').length === 1);
const [, me] = /^You are (Guest \d+)\. Nobody else is here yet\.$/.exec(texts('note')[0]) || [];
is([...$('members').children].map((li) => li.textContent), [`${me} (you)`]);
choose('name', ' Ann ');
await until(() => $('members').textContent === 'Ann (you)');

const other = new WebSocket(new URL('rooms/' + encodeURIComponent('茶馆 1') + '?name=Bob', location.href.split('#')[0].replace('http', 'ws')), 'rooms.v1');
await until(() => $('members').children.length === 2 && other.readyState === WebSocket.OPEN);
is([...$('members').children].map((li) => li.textContent), ['Ann (you)', 'Bob']);
other.send(JSON.stringify({ id: '1', data: 'hi' }));
await until(() => rows('received').length === 1);
is(rows('received')[0].querySelector('.from').textContent, 'Bob');
say('hello Bob');
await until(() => rows('sent')[0].dataset.state === 'delivered');
is(texts('received'), ['hi']); // not one's own
other.close();
await until(() => $('members').children.length === 1);
is(texts('note').at(-1), 'Bob left. 1 here now.');

// Binary data ends the session of a room, and is not sent again.
hurry(10);
$('sample').value = 'binary';
$('send-sample').click();
await until(() => rows('sent')[1].dataset.state === 'refused');
is(texts('sent')[1], '16 bytes of binary data');
await until(() => state() === 'open');
