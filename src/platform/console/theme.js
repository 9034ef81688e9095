// Before the first paint: the theme that was chosen here (lib/shell.js sets it).
try {
    const theme = localStorage.getItem('cloudsign-theme');
    if (theme === 'light' || theme === 'dark') {
        document.documentElement.dataset.theme = theme;
    }
} catch {
    // storage is switched off: the system's theme stays
}
