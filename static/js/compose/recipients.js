/* One row of addresses: chips over a hidden field, an entry with people to offer, pasted lists taken apart by the
   server. The hidden field always holds everything, chips and what is still being typed. */

import { stepOf } from "heron/direction";
import { icon } from "heron/icons";
import { say } from "heron/shell";
import { counted, words } from "heron/words";

export class Recipients {
  constructor(row, composition) {
    this.row = row;
    this.composition = composition;
    this.box = row.querySelector("[data-recipients]");
    this.hidden = this.box.querySelector("input");
    this.name = this.hidden.name;
    this.chips = [];
    this.build();
    for (const person of JSON.parse(this.box.dataset.known || "[]")) this.add(person, { quiet: true });
    this.marks();
  }

  get value() { return this.hidden.value; }

  build() {
    this.entry = this.hidden.cloneNode();
    this.entry.removeAttribute("name");
    this.entry.value = "";
    this.entry.dataset.entry = "";
    this.hidden.type = "hidden";
    this.hidden.removeAttribute("id");
    this.list = document.createElement("ul");
    this.list.className = "menu people";
    this.list.id = `${this.entry.id}-people`;
    this.list.hidden = true;
    this.list.setAttribute("role", "listbox");
    this.list.setAttribute("aria-label", words("people"));
    for (const [name, value] of Object.entries({
      role: "combobox", "aria-expanded": "false", "aria-autocomplete": "list", "aria-controls": this.list.id,
    })) this.entry.setAttribute(name, value);
    this.words = document.createElement("p");
    this.words.className = "err";
    this.words.hidden = true;
    this.words.id = `${this.entry.id}-err`;
    this.box.append(this.entry);
    this.row.append(this.words, this.list);
    this.entry.addEventListener("input", () => this.typed());
    this.entry.addEventListener("keydown", (event) => this.pressed(event));
    this.entry.addEventListener("paste", (event) => this.pasted(event));
    this.entry.addEventListener("blur", () => setTimeout(() => { if (document.activeElement !== this.entry) this.commit(); }, 120));
    this.box.addEventListener("click", (event) => { if (event.target === this.box) this.focus(); });
    this.list.addEventListener("mousedown", (event) => {
      event.preventDefault();
      const option = event.target.closest("[role=option]");
      if (option) this.choose(option);
    });
  }

  focus() { this.entry.focus(); }

  reveal() {
    this.row.dataset.shown = "";
    this.row.hidden = false;
    this.focus();
  }

  /* ------------------------------------------------------------------ typing */

  typed() {
    this.sync();
    clearTimeout(this.timer);
    const text = this.entry.value.trim();
    if (/[,;]$/.test(text)) {
      this.commit();
      return;
    }
    this.timer = setTimeout(() => this.offer(text), 120);
  }

  pressed(event) {
    const option = this.list.querySelector("[aria-selected=true]");
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      if (this.list.hidden) this.offer(this.entry.value.trim());
      else this.mark(event.key === "ArrowDown" ? 1 : -1);
      event.preventDefault();
    } else if (event.key === "Enter" && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      if (!this.list.hidden && option) this.choose(option);
      else if (this.entry.value.trim()) this.commit();
      else this.composition.field("subject").focus();
    } else if (event.key === "Tab" && !this.list.hidden && option && this.entry.value.trim() && !event.shiftKey) {
      event.preventDefault();
      this.choose(option);
    } else if (event.key === "Escape" && !this.list.hidden) {
      event.preventDefault();
      event.stopPropagation();
      this.hide();
    } else if (event.key === "Backspace" && !this.entry.value && this.chips.length) {
      event.preventDefault();
      this.remove(this.chips.at(-1));
    } else if (stepOf(event.key) < 0 && !this.entry.selectionStart && this.chips.length) {
      this.chips.at(-1).element.querySelector("button").focus();
    }
  }

  pasted(event) {
    const text = event.clipboardData.getData("text/plain");
    if (!/[,;\n@]/.test(text)) return;
    event.preventDefault();
    this.entry.value = "";
    this.parse(text);
  }

  /** Makes a chip of what was typed; at once, and checked by the server when it answers. */
  commit() {
    this.hide();
    const text = this.entry.value.replace(/[,;\s]+$/, "").trim();
    if (!text) return;
    this.entry.value = "";
    this.parse(text);
  }

  async parse(text) {
    const waiting = this.add({ name: "", address: "", line: text.replace(/\s*\n\s*/g, ", "), initials: "…", hue: "" });
    // A pasted list may be longer than what a proxy takes as an address.
    const asked = new URLSearchParams({ parse: text });
    const { body: answer } = await this.composition.post(this.composition.section.dataset.people, asked);
    if (answer?.error) this.composition.alert("", { text: answer.error });
    if (!answer?.people || !this.chips.includes(waiting)) return;
    // Where it stood: of two that are asked for, the later may be answered first.
    for (const person of answer.people) this.add(person, { quiet: true, before: waiting });
    for (const error of answer.errors) {
      const wrong = error.match(/[“„](.*?)[”“]/)?.[1] ?? text;
      this.add({ name: "", address: "", line: wrong, initials: "!", hue: "", error }, { quiet: true, before: waiting });
    }
    this.drop(waiting);
    this.marks();
    this.sync();
    this.composition.changed();
  }

  /** After the hidden field was set from elsewhere. */
  read() {
    const text = this.hidden.value;
    for (const chip of [...this.chips]) this.drop(chip);
    if (text.trim()) this.parse(text);
  }

  /* ------------------------------------------------------------------ chips */

  add(person, { quiet = false, before = null } = {}) {
    const key = person.address.toLowerCase();
    if (key && this.chips.some((chip) => chip.address.toLowerCase() === key)) return null;
    const element = document.createElement("span");
    element.className = person.error ? "rc bad" : "rc";
    element.title = person.error ?? person.line;
    const face = document.createElement("span");
    face.className = `av ${person.hue}`;
    face.setAttribute("aria-hidden", "true");
    face.textContent = person.initials;
    const label = document.createElement("span");
    label.className = "who";
    label.textContent = person.name || person.address || person.line;
    const button = document.createElement("button");
    button.type = "button";
    button.setAttribute("aria-label", words("remove_person", { name: label.textContent }));
    button.append(icon("x", "i i-s"));
    element.append(face, label, button);
    const chip = { ...person, element };
    button.addEventListener("click", () => this.remove(chip));
    button.addEventListener("keydown", (event) => this.walk(event, chip));
    label.addEventListener("dblclick", () => this.edit(chip));
    this.chips.splice(before ? this.chips.indexOf(before) : this.chips.length, 0, chip);
    (before?.element ?? this.entry).before(element);
    this.sync();
    if (!quiet) this.composition.changed();
    return chip;
  }

  drop(chip) {
    this.chips = this.chips.filter((one) => one !== chip);
    chip.element.remove();
    this.sync();
  }

  remove(chip) {
    this.drop(chip);
    this.marks();
    this.composition.changed();
    say(words("person_removed", { name: chip.name || chip.address || chip.line }));
    this.focus();
  }

  edit(chip) {
    this.commit();
    this.drop(chip);
    this.marks();
    this.entry.value = chip.line;
    this.sync();
    this.focus();
  }

  walk(event, chip) {
    const at = this.chips.indexOf(chip);
    const step = stepOf(event.key);
    if (step < 0 && at > 0) this.chips[at - 1].element.querySelector("button").focus();
    else if (step > 0) (this.chips[at + 1]?.element.querySelector("button") ?? this.entry).focus();
    else if (event.key === "Delete" || event.key === "Backspace") {
      event.preventDefault();
      this.remove(chip);
    }
  }

  marks() {
    const wrong = this.chips.filter((chip) => chip.error);
    this.words.textContent = wrong.map((chip) => chip.error).join(" ");
    this.words.hidden = !wrong.length;
    this.entry.setAttribute("aria-invalid", String(wrong.length > 0));
    if (wrong.length) this.entry.setAttribute("aria-describedby", this.words.id);
    else this.entry.removeAttribute("aria-describedby");
  }

  sync() {
    this.composition.heard("people");
    this.hidden.value = [...this.chips.map((chip) => chip.line), this.entry.value.trim()].filter(Boolean).join(", ");
  }

  /* ------------------------------------------------------------------ people to offer */

  async offer(text) {
    this.asked = text;
    if (!text) {
      this.hide();
      return;
    }
    let answer;
    try {
      const query = new URLSearchParams({ q: text });
      answer = await (await fetch(`${this.composition.section.dataset.people}?${query}`)).json();
    } catch {
      return;
    }
    if (this.asked !== text || this.entry.value.trim() !== text) return;
    const there = new Set(this.chips.map((chip) => chip.address.toLowerCase()));
    this.people = answer.people.filter((person) => person.group || !there.has(person.address.toLowerCase()));
    this.list.replaceChildren(...this.people.map((person, index) => this.option(person, index)));
    this.list.hidden = !this.people.length;
    this.entry.setAttribute("aria-expanded", String(!this.list.hidden));
    if (this.people.length) {
      this.mark(1);
      say(counted("people_found", this.people.length));
    }
  }

  option(person, index) {
    const option = document.createElement("li");
    option.className = "mi";
    option.id = `${this.list.id}-${index}`;
    option.dataset.index = index;
    option.setAttribute("role", "option");
    option.setAttribute("aria-selected", "false");
    const face = document.createElement("span");
    face.className = `av s ${person.hue}`;
    face.setAttribute("aria-hidden", "true");
    face.append(person.group ? icon("users", "i i-s") : person.initials);
    const text = document.createElement("span");
    text.className = "two";
    const name = document.createElement("b");
    name.textContent = person.name || person.address;
    const address = document.createElement("small");
    address.textContent = person.told ?? (person.name ? person.address : "");
    text.append(name, address);
    option.append(face, text);
    return option;
  }

  mark(step) {
    const options = [...this.list.children];
    const at = options.findIndex((one) => one.getAttribute("aria-selected") === "true");
    options[at]?.setAttribute("aria-selected", "false");
    const next = options[(at + step + options.length) % options.length];
    next?.setAttribute("aria-selected", "true");
    next?.scrollIntoView({ block: "nearest" });
    if (next) this.entry.setAttribute("aria-activedescendant", next.id);
  }

  choose(option) {
    const person = this.people[Number(option.dataset.index)];
    this.entry.value = "";
    this.hide();
    if (person.group) this.addGroup(person);
    else this.add(person);
    this.marks();
    this.focus();
  }

  /** Everybody of a group, as people who can be taken out one by one. */
  async addGroup({ group }) {
    this.sync();
    try {
      const query = new URLSearchParams({ group });
      const answer = await (await fetch(`${this.composition.section.dataset.people}?${query}`)).json();
      for (const person of answer.people) this.add(person, { quiet: true });
    } catch {
      this.composition.alert("", { text: words("did_not_work") });
    }
    this.composition.changed();
  }

  hide() {
    clearTimeout(this.timer);
    this.asked = null;
    this.list.hidden = true;
    this.entry.setAttribute("aria-expanded", "false");
    this.entry.removeAttribute("aria-activedescendant");
  }
}
