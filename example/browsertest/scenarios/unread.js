// What has come while nobody looked is counted in the title.
await connect();
let hidden = true;
Object.defineProperty(document, 'hidden', { get: () => hidden });
document.dispatchEvent(new Event('visibilitychange'));
say('one');
say('two');
await until(() => rows('received').length === 2);
is(document.title, '(2) wsecho · Connected');
const icon = document.querySelector('link[rel=icon]').href;
hidden = false;
document.dispatchEvent(new Event('visibilitychange'));
is(document.title, 'wsecho · Connected');
if (document.querySelector('link[rel=icon]').href === icon) throw new Error('the icon still has its dot');
