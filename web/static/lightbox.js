// A picture as large as the window, with those around it in reach of the arrow keys.

import {h, icon} from './dom.js';
import {mediaURL} from './api.js';

let dialog = null;

/** show opens the full view of one item; context.around gives the items of the same timeline. */
export function show(item) {
  const all = item.context?.around ? item.context.around() : [item];
  let at = Math.max(0, all.findIndex((i) => i.url === item.url));
  const stage = h('div', {class: 'stage'});
  const caption = h('div', {class: 'caption'});
  const save = h('a', {class: 'round-button', 'aria-label': 'Save'}, icon('save'));
  dialog?.remove();
  dialog = h('dialog', {class: 'lightbox', 'aria-label': 'Picture'},
    h('div', {class: 'bar'}, caption, save, h('button', {type: 'button', class: 'round-button', 'aria-label': 'Close', onclick: () => dialog.close()}, icon('close'))),
    stage);
  const draw = () => {
    const i = all[at] || item;
    const el = h('img', {src: i.url, alt: 'Picture'});
    el.addEventListener('error', () => el.replaceWith(h('div', {class: 'broken'}, icon('warn'), 'This picture cannot be read')), {once: true});
    stage.replaceChildren(el);
    save.setAttribute('href', mediaURL(i.file.key, '', i.name));
    caption.textContent = (i.caption || '') + (all.length > 1 ? '  ' + (at + 1) + ' / ' + all.length : '');
  };
  const step = (by) => {
    at = Math.min(Math.max(at + by, 0), all.length - 1);
    draw();
  };
  dialog.addEventListener('keydown', (e) => {
    if (e.key === 'ArrowRight' || e.key === 'j') step(1);
    else if (e.key === 'ArrowLeft' || e.key === 'k') step(-1);
    else return;
    e.preventDefault();
  });
  dialog.addEventListener('click', (e) => {
    if (e.target === stage || e.target === dialog) dialog.close();
  });
  const opened = document.activeElement;
  dialog.addEventListener('close', () => {
    dialog.remove();
    dialog = null;
    opened?.focus?.();
  });
  document.body.append(dialog);
  draw();
  dialog.showModal();
}
