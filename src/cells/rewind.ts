// The slider over a page's history: the cluster as each example left it. It shows; the cluster itself stays where it is.
import type { ClusterPicture } from '../sandbox/types.ts';

export class Rewind {
  private readonly el: HTMLElement;
  private readonly slider: HTMLInputElement;
  private readonly label: HTMLOutputElement;
  private readonly show: (picture: ClusterPicture) => void;
  private states: { label: string; picture: ClusterPicture }[] = [];

  constructor(el: HTMLElement, show: (picture: ClusterPicture) => void) {
    this.el = el;
    this.slider = el.querySelector('input')!;
    this.label = el.querySelector('output')!;
    this.show = show;
    this.slider.addEventListener('input', () => this.look(Number(this.slider.value)));
  }

  clear(): void {
    this.states = [];
  }

  /** Another example runs from the state that the first `count` examples leave: what came after is no more. */
  forgetAfter(count: number): void {
    this.states.length = Math.min(this.states.length, count + 1);
  }

  add(label: string, picture: ClusterPicture): void {
    this.states.push({ label, picture });
    this.el.hidden = this.states.length < 2;
    this.slider.max = String(this.states.length - 1);
    this.slider.value = this.slider.max;
    this.name(label);
  }

  private look(index: number): void {
    const state = this.states[index];
    if (!state) return;
    this.name(state.label);
    this.show(state.picture);
  }

  private name(label: string): void {
    this.label.textContent = label;
    this.slider.setAttribute('aria-valuetext', label);
  }
}
