"""What makes the pages, pictures and shipped files of this repository."""
