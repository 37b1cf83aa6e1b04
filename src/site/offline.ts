// Asks the browser to keep the whole site for reading without a network, and says so when it is kept.

const status = document.getElementById('kb-offline');

async function keep(): Promise<void> {
  const registration = await navigator.serviceWorker.register('/sw.js');
  if (!registration.active) say('Saving for offline reading…');
  await navigator.serviceWorker.ready;
  say('Available offline');
}

function say(text: string): void {
  if (status) status.textContent = text;
}

if ('serviceWorker' in navigator && import.meta.env.PROD) {
  const start = () => void keep().catch(() => say(''));
  if (document.readyState === 'complete') start();
  else window.addEventListener('load', start);
}
