import type { Page } from "playwright-core";

/**
 * What is wrong for somebody who goes through a page by Tab alone, a line for each place: what the focus does not reach, or where it is not
 * seen. The page is gone through from its begin; a page that replaces a place meanwhile, since something happened, is gone through again.
 */
export async function tabFaults(page: Page): Promise<readonly string[]> {
  for (let walk = 1; ; walk += 1) {
    const faults = await faultsOfWalk(page);
    const isSame = await page.evaluate(() => {
      const places: readonly HTMLElement[] = Reflect.get(globalThis, "places");
      return places.every((place) => place.isConnected);
    });
    if (faults.length === 0 || isSame || walk === 3) return faults;
  }
}

async function faultsOfWalk(page: Page): Promise<readonly string[]> {
  const expected = await page.evaluate(() => {
    const tabbable = "a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex='0']";
    const places = [...document.querySelectorAll<HTMLElement>(tabbable)].filter(
      (place) => place.tabIndex >= 0 && place.checkVisibility({ visibilityProperty: true }),
    );
    for (const [index, place] of places.entries()) Object.assign(place, { place: index });
    Object.assign(globalThis, { places });
    (document.activeElement as HTMLElement | null)?.blur();
    getSelection()?.removeAllRanges();
    scrollTo(0, 0);
    return places.map((place) => place.outerHTML.slice(0, 90));
  });
  const faults: string[] = [];
  const reached = new Set<number>();
  let latest: number | undefined;
  await page.evaluate(() => {
    document.body.tabIndex = -1;
    document.body.focus();
    document.body.removeAttribute("tabindex");
  });
  for (let step = 0; step <= expected.length + 20; step += 1) {
    await page.keyboard.press("Tab");
    const { place, fault } = await page.evaluate(() => {
      const focused = document.activeElement;
      if (!(focused instanceof HTMLElement) || focused === document.body) return { place: null, fault: null };
      const place: number | undefined = Reflect.get(focused, "place");
      const box = focused.getClientRects()[0] ?? new DOMRect();
      const { outlineStyle, outlineWidth } = getComputedStyle(focused);
      const x = Math.min(Math.max(box.left + box.width / 2, 0), innerWidth - 1);
      const y = Math.min(Math.max(box.top + Math.min(box.height / 2, 20), 0), innerHeight - 1);
      const isSeen = box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth;
      const above = document.elementFromPoint(x, y);
      const isCovered = above !== null && !focused.contains(above) && !above.contains(focused);
      const what = focused.outerHTML.slice(0, 90);
      if (!isSeen) return { place, fault: `has the focus out of sight: ${what}` };
      if (isCovered) return { place, fault: `has the focus behind something else: ${what}` };
      if (outlineStyle === "none" || Number.parseFloat(outlineWidth) < 1)
        return { place, fault: `does not show that it has the focus: ${what}` };
      return { place, fault: null };
    });
    // A date has several stops of its own.
    if (place === null || (place !== undefined && place !== latest && reached.has(place))) break;
    if (place !== undefined) reached.add(place);
    latest = place;
    if (fault !== null) faults.push(fault);
  }
  for (const [index, what] of expected.entries()) if (!reached.has(index)) faults.push(`is not reached: ${what}`);
  return faults;
}
