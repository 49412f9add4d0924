// A server that is there and answers nothing: the message says that it is under way, then that
// it may have arrived, and goes again once the server is back.
await connect();
say('before');
await until(() => rows('received').length === 1);
await ask('freeze');
say('into the ice');
is(small(rows('sent')[1]).split(' · ')[1], 'Sending…');
hurry(20);
await until(() => state() !== 'open');
await until(() => document.querySelector('#queue li[data-state=doubtful]'));
is(small(rows('waits')[0]), 'May have arrived. It will be sent again.');
is(texts('note').at(-1), 'Connection closed (1006): The server does not answer.');
await ask('thaw');
await until(() => rows('received').length === 2);
is(texts('received'), ['before', 'into the ice']);
is(texts('sent'), ['before', 'into the ice']);
is(rows('waits'), []);
