/** A few words beside the pointer, as text nodes. */
import type { Hint } from './layer.ts';

export function hintBox(container: HTMLElement): {
  show(hint: Hint | undefined): void;
  remove(): void;
} {
  const box = document.createElement('div');
  const title = document.createElement('strong');
  const text = document.createElement('span');
  box.className = 'hint';
  box.hidden = true;
  box.append(title, text);
  container.append(box);
  return {
    show(hint) {
      box.hidden = hint === undefined;
      if (!hint) return;
      title.textContent = hint.title;
      text.textContent = hint.text;
      const left = Math.min(hint.x + 12, container.clientWidth - box.offsetWidth - 6);
      const top =
        hint.y + 14 + box.offsetHeight > container.clientHeight ? hint.y - box.offsetHeight - 8 : hint.y + 14;
      box.style.transform = `translate(${Math.max(6, left)}px, ${Math.max(6, top)}px)`;
    },
    remove: () => box.remove(),
  };
}
