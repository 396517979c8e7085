// Enhancements of pages that work without JavaScript: check, generate and copy a verificatiecode, and print.
"use strict";

(() => {
  const focus = document.querySelector("[data-focus]");
  if (focus) focus.focus();

  // The answer to a form that shows a code once: going back to it, or loading it again, must not send the form again.
  const once = document.querySelector("[data-verder]");
  if (once) history.replaceState(null, "", once.dataset.verder);

  const print = document.querySelector("[data-druk-af]");
  if (print) {
    print.hidden = false;
    print.addEventListener("click", () => window.print());
  }

  for (const copy of document.querySelectorAll("[data-kopieer-tekst]")) {
    const source = document.getElementById(copy.dataset.kopieerTekst);
    copy.hidden = false;
    copy.addEventListener("click", () => copyText(source.textContent.trim(), copy));
  }

  for (const box of document.querySelectorAll("[data-code]")) {
    const { begin: prefix, alfabet: alphabet } = box.dataset;
    const shortest = Number(box.dataset.kortste);
    const longest = Number(box.dataset.langste);
    const input = box.querySelector("input");
    const counter = box.querySelector("[data-teller]");
    const generate = box.querySelector("[data-maak]");
    const copy = box.querySelector("[data-kopieer]");

    const inCapitals = (code) => prefix.startsWith(code.slice(0, prefix.length).toUpperCase()) ? ", in hoofdletters" : "";
    const check = (typed) => {
      const code = typed.trim();
      if (code === "") return ["", `0 van ${shortest} tot ${longest} tekens`];
      const count = `${code.length} ${code.length === 1 ? "teken" : "tekens"}`;
      if (!prefix.startsWith(code.slice(0, prefix.length))) return ["mis", `${count}: moet beginnen met ${prefix}${inCapitals(code)}`];
      if (!/^[!-~]*$/.test(code)) return ["mis", `${count}: gebruik geen spaties of letters met accenten`];
      if (code.length < shortest) return ["mis", `${count}: nog minimaal ${shortest - code.length}`];
      if (code.length > longest) return ["mis", `${count}: ${code.length - longest} te veel`];
      return ["goed", `${count}: de code is goed van vorm`];
    };
    const show = () => {
      const [kind, text] = check(input.value);
      counter.className = `teller ${kind}`;
      counter.textContent = text;
      copy.disabled = input.value === "";
    };

    generate.type = "button"; // generated here instead of by the server, so that the other fields keep what was typed
    generate.addEventListener("click", () => {
      input.value = prefix + randomText(alphabet, Number(box.dataset.lengte));
      show();
      input.focus();
      input.select();
    });
    copy.addEventListener("click", () => copyText(input.value.trim(), copy));
    input.addEventListener("input", show);
    counter.setAttribute("role", "status");
    counter.hidden = false;
    copy.hidden = false;
    show();
  }

  // Return random characters, each equally likely: a byte beyond the last whole multiple of the alphabet is skipped.
  function randomText(alphabet, length) {
    const limit = 256 - (256 % alphabet.length);
    let text = "";
    while (text.length < length) {
      const [byte] = crypto.getRandomValues(new Uint8Array(1));
      if (byte < limit) text += alphabet[byte % alphabet.length];
    }
    return text;
  }

  async function copyText(text, button) {
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
