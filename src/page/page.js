import {byId} from './dom.js';
import {startStatus} from './status.js';
import {startSearch} from './search.js';

const names = ['status', 'search'];
const views = {status: startStatus(), search: startSearch()};

function show(name, focus) {
  for (const other of names) {
    const on = other === name;
    byId(other).hidden = !on;
    byId(`tab-${other}`).setAttribute('aria-selected', String(on));
    byId(`tab-${other}`).tabIndex = on ? 0 : -1;
  }
  if (focus) byId(`tab-${name}`).focus();
  if (location.hash !== `#${name}`) history.replaceState(null, '', `#${name}`);
  views[name].shown();
}

for (const name of names) {
  byId(`tab-${name}`).addEventListener('click', () => show(name, true));
  byId(`tab-${name}`).addEventListener('keydown', (event) => {
    if (event.key !== 'ArrowLeft' && event.key !== 'ArrowRight') return;
    event.preventDefault();
    show(names[1 - names.indexOf(name)], true);
  });
}
const wanted = () => (location.hash === '#search' ? 'search' : 'status');
addEventListener('hashchange', () => show(wanted(), false));
show(wanted(), false);
