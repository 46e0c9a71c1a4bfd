setTimeout(() => location.reload(), 3000);
