"""What people read: tables, pages, the gallery, and the published values."""
