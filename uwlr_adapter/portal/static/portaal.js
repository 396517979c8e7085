// A little help on top of pages that work without it: count and check the verificatiecode, make one, copy it, print.
"use strict";

(() => {
  const focus = document.querySelector("[data-focus]");
  if (focus) focus.focus();

  const print = document.querySelector("[data-druk-af]");
  if (print) {
    print.hidden = false;
    print.addEventListener("click", () => window.print());
  }

  for (const copy of document.querySelectorAll("[data-kopieer-tekst]")) {
    const source = document.getElementById(copy.dataset.kopieerTekst);
    copy.hidden = false;
    copy.addEventListener("click", () => write(source.textContent.trim(), copy));
  }

  for (const box of document.querySelectorAll("[data-code]")) {
    const { begin, alfabet } = box.dataset;
    const shortest = Number(box.dataset.kortste);
    const longest = Number(box.dataset.langste);
    const input = box.querySelector("input");
    const counter = box.querySelector("[data-teller]");
    const make = box.querySelector("[data-maak]");
    const copy = box.querySelector("[data-kopieer]");

    const judge = (code) => {
      if (code === "") return ["", `0 van ${shortest} tot ${longest} tekens`];
      const count = `${code.length} ${code.length === 1 ? "teken" : "tekens"}`;
      if (!begin.startsWith(code.slice(0, begin.length))) return ["mis", `${count}: de code begint met ${begin}`];
      if (!/^[!-~]*$/.test(code)) return ["mis", `${count}: gebruik geen spaties of letters met accenten`];
      if (code.length < shortest) return ["mis", `${count}: nog minimaal ${shortest - code.length}`];
      if (code.length > longest) return ["mis", `${count}: ${code.length - longest} te veel`];
      return ["goed", `${count}: de code is goed van vorm`];
    };
    const show = () => {
      const [kind, text] = judge(input.value);
      counter.className = `teller ${kind}`;
      counter.textContent = text;
      copy.disabled = input.value === "";
    };

    make.type = "button"; // no round trip: what is typed elsewhere in the form stays as it is
    make.addEventListener("click", () => {
      input.value = begin + random(alfabet, Number(box.dataset.lengte));
      show();
      input.focus();
      input.select();
    });
    copy.addEventListener("click", () => write(input.value, copy));
    input.addEventListener("input", show);
    counter.setAttribute("role", "status");
    counter.hidden = false;
    copy.hidden = false;
    show();
  }

  // Every sign equally likely: numbers beyond the last whole round of the alphabet are thrown away.
  function random(alphabet, length) {
    const whole = 256 - (256 % alphabet.length);
    let text = "";
    while (text.length < length) {
      const [byte] = crypto.getRandomValues(new Uint8Array(1));
      if (byte < whole) text += alphabet[byte % alphabet.length];
    }
    return text;
  }

  async function write(text, button) {
    const before = button.textContent;
    try {
      await navigator.clipboard.writeText(text);
      button.textContent = "Gekopieerd";
    } catch {
      button.textContent = "Selecteer de code en kopieer haar zelf";
    }
    setTimeout(() => { button.textContent = before; }, 3000);
  }
})();
