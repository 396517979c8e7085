// Put the longest names in a page, where the names of the example school stand.
(names) => {
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    for (const [short, long] of Object.entries(names)) {
      if (walker.currentNode.data.includes(short)) walker.currentNode.data = walker.currentNode.data.replaceAll(short, long);
    }
  }
}
