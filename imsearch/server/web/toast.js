/** Short messages that go away by themselves. */

const SHOWN_FOR = 5000; // milliseconds

/** Shows what is said by events named `said`, for a moment; screen readers read it out too. */
export class Toast {
  #place;
  #hiding;

  constructor(place) {
    this.#place = place;
    document.addEventListener("said", (event) => this.show(event.detail));
  }

  show(text) {
    clearTimeout(this.#hiding);
    this.#place.textContent = text;
    this.#place.classList.add("shown");
    this.#hiding = setTimeout(() => this.#place.classList.remove("shown"), SHOWN_FOR);
  }
}
