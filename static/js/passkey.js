/* Passkeys: shows the button where the browser knows them, and says in words when one was not used.
   allauth's own scripts do the ceremony and report failures as `allauth.error` events. */
if (window.PublicKeyCredential) {
  for (const part of document.querySelectorAll("[data-needs-passkeys]")) part.hidden = false;
}

document.addEventListener("allauth.error", (event) => {
  event.preventDefault();
  const note = document.getElementById("passkey_error");
  if (note) note.hidden = false;
});
