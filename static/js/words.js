/* What scripts say, in the reader's language: the page brings the phrases (webmail/present/words.py). */

const language = document.documentElement.lang;
const texts = JSON.parse(document.getElementById("words")?.textContent ?? "{}");
const rules = new Intl.PluralRules(language);

/** A phrase; `{n}` and the like are filled in from `values`. */
export function words(key, values = {}) {
  return fill(texts[key] ?? key, values);
}

/** A phrase in the form that goes with the number `n`, which it may show as `{n}`. */
export function counted(key, n, values = {}) {
  const forms = texts[key] ?? {};
  const wanted = rules.select(n);
  const sample = Object.keys(forms).find((one) => rules.select(Number(one)) === wanted) ?? "2";
  return fill(forms[sample] ?? key, { n: n.toLocaleString(language), ...values });
}

function fill(text, values) {
  return text.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
}
