// Walk pages in Firefox, over WebDriver BiDi, and print what is wrong with how they look, as JSON.
// Reads from standard input {program, base, password, looks, lengthen, names, widths, walks: [{login, paths}]}.
"use strict";

const fs = require("node:fs");
const puppeteer = require(`${process.env.UWLR_NODE_MODULES}/puppeteer-core`);

async function main() {
  const told = JSON.parse(fs.readFileSync(0, "utf-8"));
  const browser = await puppeteer.launch({ browser: "firefox", executablePath: told.program, headless: true });
  const found = [];
  try {
    for (const { login, paths } of told.walks) {
      const context = await browser.createBrowserContext();
      const page = await context.newPage();
      page.on("pageerror", (error) => found.push(`${login}: script: ${error.message}`));
      if (login !== null) {
        await page.goto(`${told.base}/koppelingen/inloggen`);
        await page.type("[name=login]", login);
        await page.type("[name=wachtwoord]", told.password);
        await Promise.all([page.waitForNavigation(), page.click("main button[type=submit]")]);
      }
      for (const path of paths) {
        await page.goto(`${told.base}${path}`);
        const title = await page.title();
        if (!title.includes("Koppelingenoverzicht")) found.push(`${path}: the title is ${title}`);
        await page.evaluate(`(${told.lengthen})(${JSON.stringify(told.names)})`);
        for (const width of told.widths) {
          await page.setViewport({ width, height: 900 });
          for (const one of await page.evaluate(`(${told.looks})()`)) found.push(`${path}, ${width}: ${one}`);
        }
      }
      await context.close();
    }
  } finally {
    await browser.close();
  }
  process.stdout.write(JSON.stringify(found));
}

main().catch((error) => {
  process.stderr.write(`${error.stack}\n`);
  process.exitCode = 1;
});
