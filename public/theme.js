// Runs before the first paint, so that a chosen theme does not flash. Without storage the system's choice holds.
try {
  const theme = localStorage.getItem('petal.theme')
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme
} catch {}
