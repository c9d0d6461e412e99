"""Images: folders of pictures as examples."""
