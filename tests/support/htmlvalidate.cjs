// The rules by which the pages are judged: all that are recommended, but for what is said here.
module.exports = {
  extends: ["html-validate:recommended"],
  rules: {},
};
