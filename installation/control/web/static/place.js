// Where one is: a reload in mid-show finds its place again, folded groups stay folded, and the navigation tells which group is
// in sight.

const PLACE = "facets-place";

function read() {
  try {
    return JSON.parse(sessionStorage.getItem(PLACE)) || {};
  } catch {
    return {};
  }
}

const topOf = (node) => node.getBoundingClientRect().top;

export class Place {
  constructor() {
    this.then = read();
    this.open = new Set(this.then.open || []); // keys of what is unfolded
    this.folded = new Set(this.then.folded || []); // names of groups
    this.settled = false;
    addEventListener("pagehide", () => this.settled && this.keep());
  }

  keep() {
    try {
      const anchor = scrollY > 0 && [...document.querySelectorAll("[data-name]")].find((one) => !one.closest("#stage > #side") && topOf(one) > 0);
      const focus = document.activeElement?.closest?.("[data-name]")?.dataset.name;
      const told = { anchor: anchor?.dataset?.name, at: anchor && topOf(anchor), open: [...this.open], folded: [...this.folded], focus };
      sessionStorage.setItem(PLACE, JSON.stringify(told));
    } catch {
      /* a browser that keeps nothing */
    }
  }

  // Remember whether a part is unfolded.
  fold(details) {
    const key = details.dataset.key;
    details.open = this.open.has(key);
    details.addEventListener("toggle", () => {
      if (details.open) this.open.add(key);
      else this.open.delete(key);
      this.keep();
    });
  }

  // Once everything is there: back to where one was.
  settle(nodeOf) {
    if (this.settled) return;
    this.settled = true;
    history.scrollRestoration = "manual";
    const anchor = nodeOf(this.then.anchor);
    if (anchor) scrollBy({ top: topOf(anchor) - this.then.at, behavior: "instant" });
    if (this.then.focus) nodeOf(this.then.focus)?.querySelector("input,button,select")?.focus({ preventScroll: true });
    document.body.classList.add("ready");
  }
}

export class Sight {
  // nav: links to sections. The one that counts is the last whose top has passed under the navigation; the one that was asked for
  // counts until somebody scrolls, also where the page ends before it gets there.
  constructor(nav, sections) {
    this.nav = nav;
    this.sections = sections;
    this.asked = "";
    this.due = false;
    const soon = () => {
      if (this.due) return;
      this.due = true;
      requestAnimationFrame(() => this.look());
    };
    addEventListener("scroll", soon, { passive: true });
    addEventListener("resize", soon);
    for (const hand of ["wheel", "touchmove"]) addEventListener(hand, () => (this.asked = ""), { passive: true });
    addEventListener("keydown", (event) => /^(Arrow|Page|Home|End|Tab| )/.test(event.key) && !nav.contains(event.target) && (this.asked = ""));
    nav.addEventListener("click", (event) => {
      const link = event.target.closest("a");
      if (!link) return;
      this.asked = link.hash.slice(1);
      this.look();
    });
    new ResizeObserver(soon).observe(sections);
  }

  look() {
    this.due = false;
    const groups = [...this.sections.children];
    const line = this.nav.getBoundingClientRect().bottom + 24;
    const end = innerHeight + scrollY >= document.documentElement.scrollHeight - 2;
    let here = groups.filter((one) => topOf(one) <= line).pop() || groups[0];
    if (end && scrollY > 0 && groups.length && topOf(groups.at(-1)) < innerHeight) here = groups.at(-1);
    if (this.asked) here = groups.find((one) => one.id === this.asked) || here;
    for (const link of this.nav.querySelectorAll("a")) {
      const current = here && link.hash === `#${here.id}`;
      if (current === link.hasAttribute("aria-current")) continue;
      link.toggleAttribute("aria-current", current);
      if (current) {
        link.setAttribute("aria-current", "true");
        const nav = this.nav;
        nav.scrollTo({ left: link.offsetLeft - (nav.clientWidth - link.offsetWidth) / 2, behavior: "smooth" });
      }
    }
  }
}
