// The conversation can be copied, and cleared; so can the link to a room.
is([$('copy').hidden, $('clear').hidden], [true, true]);
await connect();
say('one');
say('two');
await until(() => rows('received').length === 2);
let copied = '';
Object.defineProperty(navigator, 'clipboard', { value: { writeText: async (text) => (copied = text) } });
$('copy').click();
await until(() => $('copy').textContent === 'Copied');
if (!/^\d\d:\d\d:\d\d  Sent  one\n/.test(copied) || copied.split('\n').length !== 4) throw new Error(copied);
$('clear').click();
is([rows('sent'), rows('received')], [[], []]);
is(document.activeElement.id, 'message');
choose('target', 'room');
choose('room', 'tea');
$('invite').click();
await until(() => copied.endsWith('/#room=tea'));
