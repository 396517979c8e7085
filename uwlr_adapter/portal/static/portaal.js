// Enhancements of pages that work without JavaScript: check, generate and copy a verificatiecode, print, and announce
// the end of the session.
"use strict";

(() => {
  const focus = document.querySelector("[data-focus]");
  if (focus) focus.focus();

  // The answer to a form that shows a code once: going back to it, or loading it again, must not send the form again.
  const once = document.querySelector("[data-hierna]");
  if (once) history.replaceState(null, "", once.dataset.hierna);

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
    // A reader hears where the code stands when it becomes right or wrong, and when the typing rests; not at each key.
    let said = "";
    let rest = 0;
    const show = () => {
      const [kind, text] = check(input.value);
      counter.className = `teller ${kind}`;
      counter.textContent = text;
      copy.disabled = input.value === "";
      clearTimeout(rest);
      rest = setTimeout(() => {
        if (kind !== said) spoken.textContent = text;
        said = kind;
      }, 1000);
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
    const spoken = document.createElement("p");
    spoken.className = "onzichtbaar";
    spoken.setAttribute("role", "status");
    counter.after(spoken);
    counter.hidden = false;
    copy.hidden = false;
    show();
  }

  for (const box of document.querySelectorAll("[data-sessie]")) {
    const { melden: warning, adres: address } = box.dataset;
    const [words, button, again] = [box.querySelector("[data-tekst]"), box.querySelector("button"), box.querySelector("a")];
    let ends = Date.now() + Number(box.dataset.sessie) * 1000;
    let said = -1;

    // Ask how long the session lasts; with the other address that extends it. No answer leaves things as they are.
    const ask = async (where) => {
      try {
        const answer = await fetch(where, { redirect: "manual", cache: "no-store" });
        ends = Date.now() + (answer.ok ? (await answer.json()).seconden * 1000 : 0);
      } catch { /* the network is away */ }
      tell();
    };
    const left = () => Math.ceil((ends - Date.now()) / 60000);
    const tell = () => {
      const minutes = Math.max(left(), 0);
      box.hidden = minutes > Number(warning) / 60;
      button.hidden = minutes === 0;
      again.hidden = minutes > 0;
      if (box.hidden || minutes === said) return;
      said = minutes;
      words.textContent = minutes === 0
        ? "Uw sessie is verlopen. Wat u hier hebt ingevuld, blijft staan tot u deze pagina verlaat."
        : `Uw sessie eindigt over ${minutes} ${minutes === 1 ? "minuut" : "minuten"}.`;
    };

    button.addEventListener("click", () => ask(button.dataset.verder));
    // Another tab may have extended the session meanwhile, or somebody logged in again there.
    setInterval(() => (left() <= Number(warning) / 60 ? ask(address) : tell()), 20000);
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
