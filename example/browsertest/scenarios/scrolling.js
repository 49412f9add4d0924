// The conversation scrolls, and the document does not grow with it.
await connect();
const before = document.documentElement.scrollHeight;
for (let i = 0; i < 120; i++) say(`message ${i}`);
await until(() => rows('received').length === 120);
is(document.documentElement.scrollHeight, before);
await until(() => $('talk').scrollHeight - $('talk').scrollTop - $('talk').clientHeight < 5);
// Whoever has scrolled up to older ones stays there. (Not in the very frame in which the page follows the newest.)
for (let i = 0; i < 3; i++) await new Promise((resolve) => requestAnimationFrame(resolve));
const scrolled = new Promise((resolve) => $('talk').addEventListener('scroll', resolve, { once: true }));
$('talk').scrollTop = 100;
await scrolled; // the page has heard of it, too: its listener is the older one
say('one more');
await until(() => rows('received').length === 121);
await new Promise((resolve) => real(resolve, 100));
is($('talk').scrollTop, 100);
