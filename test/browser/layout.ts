import type { Page } from "playwright-core";

/** Where the layout is broken, a line for each place: a page that can be moved sideways, and text that leaves its box or lies on other text. */
export function layoutFaults(page: Page): Promise<readonly string[]> {
  return page.evaluate(() => {
    const root = document.documentElement;
    const faults: string[] = [];
    if (root.scrollWidth > root.clientWidth)
      faults.push(`the page is ${root.scrollWidth} px wide in a window of ${root.clientWidth}`);
    const dialog = document.querySelector("dialog:modal");
    const isBehind = (element: Element) => dialog !== null && !dialog.contains(element);
    const texts: { box: DOMRect; text: string; of: Element }[] = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      const of = node.parentElement;
      const text = node.textContent?.trim() ?? "";
      if (text === "" || !of?.checkVisibility({ visibilityProperty: true }) || of.closest("svg, style, script"))
        continue;
      const range = document.createRange();
      range.selectNodeContents(node);
      let holder: Element = of;
      while (getComputedStyle(holder).display === "inline" && holder.parentElement) holder = holder.parentElement;
      const around = holder.getBoundingClientRect();
      const scrolls = getComputedStyle(holder).overflowX !== "visible";
      // What is scrolled out of sight lies on nothing.
      const shown = getComputedStyle(holder).overflowY === "auto" ? around : root.getBoundingClientRect();
      for (const box of range.getClientRects()) {
        if (!scrolls && (box.right > around.right + 1 || box.left < around.left - 1))
          faults.push(`leaves its box: "${text.slice(0, 60)}" in ${holder.tagName.toLowerCase()}`);
        if (box.top < shown.bottom && box.bottom > shown.top && !isBehind(of)) texts.push({ box, text, of });
      }
    }
    for (const cell of document.querySelectorAll<HTMLElement>("td[data-label]")) {
      const height = Number.parseFloat(getComputedStyle(cell, "::before").height);
      if (height > cell.offsetHeight) faults.push(`leaves its box: the label "${cell.dataset.label}"`);
    }
    // Lines may touch: a line's box is higher than its letters.
    const slack = 4;
    texts.sort((one, other) => one.box.top - other.box.top);
    for (const [index, one] of texts.entries()) {
      for (let next = index + 1; next < texts.length; next += 1) {
        const other = texts[next];
        if (!other || other.box.top > one.box.bottom - slack) break;
        const width = Math.min(one.box.right, other.box.right) - Math.max(one.box.left, other.box.left);
        if (width > 1 && one.of !== other.of && one.box.width > 0 && other.box.width > 0)
          faults.push(`lie on each other: "${one.text.slice(0, 60)}" and "${other.text.slice(0, 60)}"`);
      }
    }
    return [...new Set(faults)];
  });
}
