// Return what is wrong with how a page looks at the width that it has now: a list of sentences, empty when nothing is.
() => {
  const found = new Set();
  const { clientWidth: width, scrollWidth } = document.documentElement;
  if (scrollWidth > width) found.add(`the page is ${scrollWidth - width} pixels wider than the window`);
  // What is there for the ear alone, what a reader of tables needs on a telephone, and the inside of pictures.
  const unseen = ".onzichtbaar, .overslaan, thead, svg *, option";
  const isSeen = (one) => one.checkVisibility({ visibilityProperty: true }) && !one.closest(unseen);
  const called = (one) => `${one.tagName.toLowerCase()} "${(one.textContent.trim() || one.name || "").slice(0, 40)}"`;

  for (const one of document.querySelectorAll("body *")) {
    if (!isSeen(one)) continue;
    const box = one.getBoundingClientRect();
    if (box.width === 0 || box.height === 0) continue;
    if (box.right > width + 0.5 || box.left < -0.5) found.add(`${called(one)} is off the screen`);
    const inside = getComputedStyle(one).display === "inline" || one.matches("select, input, svg");
    if (!inside && one.scrollWidth > one.clientWidth + 1) found.add(`${called(one)}: its words stick out`);
  }

  const controls = [...document.querySelectorAll("a[href], button, input, select, summary")].filter(isSeen);
  const pieces = controls.flatMap((one) => [...one.getClientRects()].map((box) => ({ one, box })));
  pieces.forEach((a, index) => {
    for (const b of pieces.slice(index + 1)) {
      if (a.one === b.one || a.one.contains(b.one) || b.one.contains(a.one)) continue;
      const across = Math.min(a.box.right, b.box.right) - Math.max(a.box.left, b.box.left);
      const down = Math.min(a.box.bottom, b.box.bottom) - Math.max(a.box.top, b.box.top);
      if (across > 1 && down > 1) found.add(`${called(a.one)} lies over ${called(b.one)}`);
    }
  });
  for (const one of controls) {
    const { width: across, height: down } = one.getBoundingClientRect();
    if (getComputedStyle(one).display !== "inline" && Math.min(across, down) < 23.9)
      found.add(`${called(one)} is smaller than 24 pixels`);
  }
  return [...found];
}
