// A lost connection counts down, says so in the title and the icon, and comes back at once when told to.
await connect();
is(document.title, 'wsecho · Connected');
const icon = () => document.querySelector('link[rel=icon]').href;
const open = icon();
await ask('freeze');
window.setTimeout = (f, ms) => real(f, ms > 5000 ? 10 : ms); // the socket is given up; the countdown is real
say('lost');
await until(() => state() === 'waiting');
is(document.title, 'wsecho · Connection lost');
if (icon() === open) throw new Error('the icon has not changed');
is($('again').hidden, false);
is($('countdown').textContent, 'Trying again in 1 s');
window.setTimeout = real;
await ask('thaw');
$('retry').click();
await until(() => state() === 'open');
is($('again').hidden, true);
await until(() => rows('received').length === 1);
