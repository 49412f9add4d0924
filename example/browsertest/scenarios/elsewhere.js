// Whom to talk to can be changed while connected: the page reconnects, and its address says where.
await connect();
say('to the echo');
await until(() => rows('received').length === 1);
choose('target', 'room');
await until(() => texts('note').filter((text) => text.startsWith('You are')).length === 1);
is(location.hash, '#room=lobby');
choose('room', '茶馆');
await until(() => texts('note').filter((text) => text.startsWith('You are')).length === 2);
is(decodeURIComponent(location.hash), '#room=茶馆');
choose('target', 'echo');
await until(() => state() === 'open' && $('present').hidden);
is(location.hash, '');
say('to the echo again');
await until(() => rows('received').length === 2);
location.hash = '#room=elsewhere'; // somebody follows a link
await until(() => !$('present').hidden);
is([$('target').value, $('room').value], ['room', 'elsewhere']);
